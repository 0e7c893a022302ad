/**
 * Property values as they travel in a `google.protobuf.Struct`: JSON, in which an object under Pulumi's signature key
 * stands for a secret, an archive and so on, and one string for an unknown value.
 */
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { SIGNATURE, UNKNOWN } from "@pulumi-line-bot/aws-resources/values";
import { isObject } from "@pulumi-line-bot/kit/json";

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

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
