/** Who needs whom, in a list of resources in which everything comes after what it needs. */
import type { Urn } from "../contracts/contracts.ts";
import type { Held } from "./resource-state.ts";
import { dependenciesOf, parseProviderRef } from "../values/urn.ts";

export class DependencyGraph {
  readonly #resources: Held[];
  readonly #index = new Map<Held, number>();
  readonly #byUrn = new Map<Urn, number[]>();
  readonly #childrenOf = new Map<Urn, number[]>();

  /** `formerUrns`: names that others still have for a resource. */
  constructor(resources: Held[], formerUrns: ReadonlyMap<Held, Urn> = new Map()) {
    this.#resources = resources;
    resources.forEach((held, i) => {
      this.#index.set(held, i);
      append(this.#byUrn, held.state.urn, i);
      const former = formerUrns.get(held);
      if (former && former !== held.state.urn) append(this.#byUrn, former, i);
      if (held.state.parent) append(this.#childrenOf, held.state.parent, i);
    });
  }

  has(held: Held): boolean {
    return this.#index.has(held);
  }

  /** A refreshed resource stands where its former self stood. */
  alias(held: Held, former: Held): void {
    const index = this.#index.get(former);
    if (index !== undefined) this.#index.set(held, index);
  }

  /** All that need `root`, directly or not, in order. Children count on request. */
  dependingOn(root: Held, ignored: ReadonlySet<Urn>, withChildren: boolean): Held[] {
    const found: Held[] = [];
    const urns = new Set([root.state.urn]);
    for (const held of this.#resources.slice(this.#indexOf(root) + 1)) {
      if (ignored.has(held.state.urn)) continue;
      const depends = dependenciesOf(held.state).some(
        ({ kind, urn }) => (kind !== "parent" || withChildren) && urns.has(urn),
      );
      if (depends || (held.state.provider && urns.has(parseProviderRef(held.state.provider).urn))) {
        found.push(held);
        urns.add(held.state.urn);
      }
    }
    return found;
  }

  /** What `held` needs directly. To need a component is to need its children that were there before. */
  dependenciesOf(held: Held): Set<Held> {
    const cursor = this.#indexOf(held);
    const found = new Set<Held>();
    const add = (urn: Urn, followChildren: boolean): void => {
      for (const i of this.#byUrn.get(urn) ?? []) {
        const candidate = this.#resources[i];
        if (i >= cursor || !candidate || found.has(candidate)) continue;
        found.add(candidate);
        if (followChildren && !candidate.state.custom) this.#addChildren(urn, cursor, found);
      }
    };
    for (const { kind, urn } of dependenciesOf(held.state)) add(urn, kind !== "parent");
    if (held.state.provider) add(parseProviderRef(held.state.provider).urn, false);
    return found;
  }

  /** What `held` needs, directly or not. */
  transitiveDependenciesOf(held: Held): Set<Held> {
    const found = new Set<Held>();
    const queue = [held];
    for (let next = queue.pop(); next; next = queue.pop())
      for (const dependency of this.dependenciesOf(next))
        if (!found.has(dependency)) {
          found.add(dependency);
          queue.push(dependency);
        }
    return found;
  }

  /** Lists that have to go one after the other, dependents first; the resources of one list do not need each other. */
  deletionOrder(condemned: ReadonlySet<Held>): Held[][] {
    const levels: Held[][] = [];
    const levelOf = new Map<Held, number>();
    for (const held of [...condemned].toSorted((a, b) => this.#indexOf(a) - this.#indexOf(b))) {
      let level = 0;
      for (const dependency of this.dependenciesOf(held)) level = Math.max(level, (levelOf.get(dependency) ?? -1) + 1);
      levelOf.set(held, level);
      (levels[level] ??= []).push(held);
    }
    return levels.toReversed();
  }

  #addChildren(urn: Urn, cursor: number, found: Set<Held>): void {
    for (const i of this.#childrenOf.get(urn) ?? []) {
      const child = this.#resources[i];
      if (i >= cursor || !child || found.has(child)) continue;
      found.add(child);
      this.#addChildren(child.state.urn, cursor, found);
    }
  }

  #indexOf(held: Held): number {
    const index = this.#index.get(held);
    if (index === undefined) throw new Error(`${held.state.urn} is not in the graph`);
    return index;
  }
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
