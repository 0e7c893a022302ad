import { existsSync, readFileSync } from "node:fs";

/** What the provider knows about a resource type: the table behind check, diff and previews. */
export interface TypeSchema {
  /** Such as `aws:sqs/queue:Queue`. */
  token: string;
  /** The name of the type in Terraform, which the provider's messages use. */
  terraform: string;
  naming?: Naming;
  replacement: ReplacementOrder;
  inputs: Record<string, Field>;
  outputs: Record<string, Output>;
}

export type ReplacementOrder = "create-first" | "delete-first" | "delete-first-when-named";

/** How a name is made up when the program gives none: `<logical name>-<7 hexadecimal digits>`. */
export interface Naming {
  property: string;
  maxLength: number;
  prefix?: string;
  suffix?: { when: string; text: string };
}

type Scalar = "string" | "number" | "boolean" | "object" | "archive";

export interface Field {
  type: Scalar | "list" | "set" | "map";
  /** What the elements of a list, set or map are. */
  of?: Scalar;
  /** The fields of an object, or of the objects in a list or set. */
  fields?: Record<string, Field>;
  required?: true;
  /** A change makes a new resource. */
  replaces?: true;
  /** Left out, it keeps or takes the service's value. */
  computed?: true;
  default?: unknown;
  format?: "arn" | "json" | "policy" | "base64" | "rfc3339";
  pattern?: string;
  enum?: (string | number)[];
  /** Values that are right whatever the other limits say. */
  allowed?: number[];
  min?: number;
  max?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  conflictsWith?: string[];
  exactlyOneOf?: string[];
  requiredWith?: string[];
  sensitive?: true;
  /** Never kept: neither in outputs nor in what a diff compares. */
  writeOnly?: true;
  readOnly?: true;
}

export interface Output extends Omit<Field, "computed"> {
  computed?: "always" | "whenUnset";
  secret?: true;
}

const types = new Map<string, TypeSchema | undefined>();

/** The record of a type such as `aws:sqs/queue:Queue`; `undefined` if the type is not known here. */
export function tryFindSchema(token: string): TypeSchema | undefined {
  if (!types.has(token)) types.set(token, readType(token));
  return types.get(token);
}

function readType(token: string): TypeSchema | undefined {
  const [, service, type] = /^aws:(\w+)\/\w+:(\w+)$/.exec(token) ?? [];
  const file = new URL(`types/${service}.${type}.json`, import.meta.url);
  if (!existsSync(file)) return undefined;
  const schema = JSON.parse(readFileSync(file, "utf8")) as TypeSchema;
  return schema.token === token ? schema : undefined;
}
