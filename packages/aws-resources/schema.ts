import { readFileSync } from "node:fs";

/** What the provider knows about a resource type: the table behind check, diff and previews. */
export interface TypeSchema {
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
  /** Of a list, set or map: what its elements are. */
  of?: Scalar;
  /** Of an object, or of a list or set of objects. */
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

let table: Record<string, TypeSchema> | undefined;

export function tryFindSchema(token: string): TypeSchema | undefined {
  table ??= JSON.parse(readFileSync(new URL("schema.generated.json", import.meta.url), "utf8")) as typeof table;
  return table?.[token];
}
