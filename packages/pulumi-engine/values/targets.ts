/** URNs that an operation is limited to, or that it leaves alone: literal or with `*` (within a part) and `**` (anything). */
import type { Urn } from "../contracts/contracts.ts";

export class Targets {
  readonly literals: Set<Urn>;
  readonly #patterns: RegExp[];

  constructor(given: string[]) {
    this.literals = new Set(given.filter((urn) => !urn.includes("*")));
    this.#patterns = given.filter((urn) => urn.includes("*")).map(toPattern);
  }

  get constrained(): boolean {
    return this.literals.size > 0 || this.#patterns.length > 0;
  }

  /** Whether the URN was named. Nothing was, where there is no constraint. */
  names(urn: Urn): boolean {
    return this.literals.has(urn) || this.#patterns.some((pattern) => pattern.test(urn));
  }

  /** Whether the operation may touch the URN. */
  allows(urn: Urn): boolean {
    return !this.constrained || this.names(urn);
  }

  add(urn: Urn): void {
    this.literals.add(urn);
  }

  copy(): Targets {
    const copy = new Targets([...this.literals]);
    copy.#patterns.push(...this.#patterns);
    return copy;
  }
}

function toPattern(glob: string): RegExp {
  const parts = glob
    .split(/(\*\*?)/)
    .map((part) => (part === "**" ? ".*" : part === "*" ? "[^:]*" : part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${parts.join("")}$`, "s");
}
