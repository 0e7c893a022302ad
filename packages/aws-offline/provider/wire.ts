/**
 * Property values as they travel in a `google.protobuf.Struct`: JSON, in which an object under Pulumi's signature key
 * stands for a secret, an archive and so on, and one string for an unknown value.
 */
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Attributes } from "../cloud.ts";

export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** An archive on the wire: where it is, and the SHA-256 of its content (of the file itself for a zip). */
export interface Archive {
  [SIGNATURE]: typeof ARCHIVE;
  hash?: string;
  path?: string;
  uri?: string;
  assets?: Record<string, unknown>;
}

export type Struct = structs.Struct;

export function fromStruct(struct: Struct | undefined): Attributes {
  return struct ? (toPlain(struct.toJavaScript()) as Attributes) : {};
}

export function toStruct(attributes: Attributes, secrets: ReadonlySet<string> = new Set()): Struct {
  const marked = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, secrets.has(name) ? { [SIGNATURE]: SECRET, value } : withoutUndefined(value)]);
  return structs.Struct.fromJavaScript(Object.fromEntries(marked) as Record<string, structs.JavaScriptValue>);
}

/** Takes the marks off secrets and outputs, and the id for a resource; nulls are left out, as the bridge does. */
function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  if (!isObject(value)) return value;
  switch (value[SIGNATURE]) {
    case SECRET:
      return toPlain(value["value"]);
    case OUTPUT:
      return "value" in value ? toPlain(value["value"]) : UNKNOWN;
    case RESOURCE:
      return toPlain(value["id"] ?? value["urn"]);
    case undefined:
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, member]) => member !== null)
          .map(([name, member]) => [name, toPlain(member)]),
      );
    default:
      return value;
  }
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, withoutUndefined(member)]),
  );
}

export function isArchive(value: unknown): value is Archive {
  return isObject(value) && value[SIGNATURE] === ARCHIVE;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  return isObject(value) && Object.values(value).some(containsUnknown);
}
