import { createHash, randomBytes } from "node:crypto";
import type { Attributes } from "./attributes.ts";
import type { Naming } from "./schema.ts";

/** What the engine says about names (`pulumi:autonaming`). */
export interface Autonaming {
  mode: "propose" | "enforce" | "disable";
  proposedName: string;
}

export interface NamingRequest {
  logicalName: string;
  randomSeed: Uint8Array;
  autonaming?: Autonaming | undefined;
}

export class NameTooLong extends Error {
  override readonly name = "NameTooLong";
}

/** A made-up name; undefined where the engine forbids one. */
export function toAutoName(naming: Naming, inputs: Attributes, request: NamingRequest): string | undefined {
  if (request.autonaming?.mode === "disable") return undefined;
  if (request.autonaming?.mode === "enforce") return request.autonaming.proposedName;
  const prefix = request.logicalName.startsWith(naming.prefix ?? "") ? "" : (naming.prefix ?? "");
  const suffix = naming.suffix && inputs[naming.suffix.when] === true ? naming.suffix.text : "";
  const body = request.autonaming?.proposedName || `${request.logicalName}-${toHex(request.randomSeed)}`;
  const name = `${prefix}${body}${suffix}`;
  if (name.length > naming.maxLength)
    throw new NameTooLong(
      `failed to name "${request.logicalName}": "${name}" has ${name.length} characters, at most ` +
        `${naming.maxLength} are allowed; give the resource a shorter name, or set ${naming.property}`,
    );
  return name;
}

/** Seven hexadecimal digits: the same for the same seed, so that a preview and its update agree. */
function toHex(seed: Uint8Array): string {
  const bytes = seed.length > 0 ? createHash("sha256").update(seed).digest() : randomBytes(4);
  return bytes.toString("hex").slice(0, 7);
}
