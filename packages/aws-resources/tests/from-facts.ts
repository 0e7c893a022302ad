/** Records of resource types from facts about the real provider, as a folder beside the repository may hold them. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Field, Naming, Output, ReplacementOrder, TypeSchema } from "../schema.ts";

/** A field as the facts describe it. */
interface Fact {
  type: string;
  required?: boolean;
  forceNew?: boolean | string;
  nested?: Record<string, Fact>;
  format?: string;
  computed?: boolean | string;
  computedDefault?: unknown;
  default?: unknown;
  [other: string]: unknown;
}
interface TypeFacts {
  token: string;
  terraform: string;
  autoName: { property: string; maxLength: number; note?: string } | null;
  inputs: Record<string, Fact>;
  outputs: Record<string, Fact>;
  deleteBeforeReplace?: string;
  id?: string;
}

/** Facts that a field keeps under their own name. */
const KEPT = [
  "enum",
  "min",
  "max",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "conflictsWith",
  "exactlyOneOf",
  "requiredWith",
  "sensitive",
  "writeOnly",
  "readOnly",
] as const;

/** Limits that the facts give in words. */
const ALLOWED: Record<string, Partial<Field>> = {
  "0 or 7..30": { allowed: [0], min: 7, max: 30 },
  "-1 or 60..604800": { allowed: [-1], min: 60, max: 604_800 },
  "10, 20, 30 or any multiple of 60": { allowed: [10, 20, 30], multipleOf: 60 },
  "1, 5, 10, 20, 30 or any multiple of 60": { allowed: [1, 5, 10, 20, 30], multipleOf: 60 },
};

const FORMATS: Record<string, NonNullable<Field["format"]>> = {
  arn: "arn",
  json: "json",
  "iam-policy-json": "policy",
  base64: "base64",
  rfc3339: "rfc3339",
};

/** Records by token. What is not a resource has no id. */
export function toSchemas(factsFolder: string): Record<string, TypeSchema> {
  const facts = readdirSync(factsFolder)
    .filter((name) => name.endsWith(".json") && !name.startsWith("_"))
    .map((name) => JSON.parse(readFileSync(join(factsFolder, name), "utf8")) as TypeFacts)
    .filter((fact) => fact.id !== undefined);
  return Object.fromEntries(facts.map((fact) => [fact.token, toType(fact)]));
}

function toType(facts: TypeFacts): TypeSchema {
  const naming = toNaming(facts);
  return {
    token: facts.token,
    terraform: facts.terraform,
    ...(naming && { naming }),
    replacement: toReplacementOrder(facts),
    inputs: mapValues(facts.inputs, toField),
    outputs: mapValues(facts.outputs, toOutput),
  };
}

function toOutput(fact: Fact): Output {
  const { type, of, fields } = toShape(fact);
  return {
    type,
    ...(of && { of }),
    ...(fields && { fields }),
    ...(fact.computed ? { computed: fact.computed as "always" | "whenUnset" } : {}),
    ...(fact["secret"] ? { secret: true } : {}),
  };
}

function toNaming({ autoName, terraform }: TypeFacts): Naming | undefined {
  if (!autoName) return undefined;
  const { property, maxLength } = autoName;
  if (terraform === "aws_kms_alias") return { property, maxLength, prefix: "alias/" };
  if (terraform === "aws_sqs_queue") return { property, maxLength, suffix: { when: "fifoQueue", text: ".fifo" } };
  if (terraform === "aws_sns_topic") return { property, maxLength, suffix: { when: "fifoTopic", text: ".fifo" } };
  return { property, maxLength };
}

function toReplacementOrder({ deleteBeforeReplace = "" }: TypeFacts): ReplacementOrder {
  if (deleteBeforeReplace === "always") return "delete-first";
  return deleteBeforeReplace.startsWith("when") ? "delete-first-when-named" : "create-first";
}

function toField(fact: Fact): Field {
  const field: Field = { ...toShape(fact) };
  if (fact.required) field.required = true;
  if (fact.forceNew === true) field.replaces = true;
  if (fact.computed === true || fact.computedDefault !== undefined) field.computed = true;
  if (typeof fact.default !== "string" || !fact.default.startsWith("region of"))
    if (fact.default !== undefined) field.default = fact.default;
  const format = FORMATS[fact.format ?? ""];
  if (format) field.format = format;
  if (typeof fact["pattern"] === "string") field.pattern = toPattern(fact["pattern"]);
  if (typeof fact["allowed"] === "string") Object.assign(field, ALLOWED[fact["allowed"]]);
  for (const name of KEPT) if (fact[name] !== undefined) Object.assign(field, { [name]: fact[name] });
  return field;
}

/** Names of queues and topics have a form for each kind: `standard: ^…$; FIFO: ^…$`. */
function toPattern(pattern: string): string {
  const [, standard, fifo] = /^standard: (.*); FIFO: (.*)$/.exec(pattern) ?? [];
  return standard === undefined || fifo === undefined ? pattern : `${standard}|${fifo}`;
}

function toShape(fact: Fact): Field {
  const [, kind, element] = /^(list|set|map)<(.*)>$/.exec(fact.type) ?? [];
  const shape: Field = kind
    ? { type: kind as Field["type"], of: toScalar(element ?? "string") }
    : { type: toScalar(fact.type) };
  if (fact.nested) shape.fields = mapValues(fact.nested, toField);
  return shape;
}

/** `string|object` and `string|ref:Role` are strings on the wire: the SDK serialises the object and takes the id. */
function toScalar(type: string): "string" | "number" | "boolean" | "object" | "archive" {
  if (type === "Archive") return "archive";
  return (type.startsWith("string") ? "string" : type) as "string" | "number" | "boolean" | "object";
}

function mapValues<A, B>(record: Record<string, A>, to: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));
}
