import type { TypeRules, Attributes, Change } from "./attributes.ts";
import type { Field, TypeSchema } from "./schema.ts";
import { elementOf } from "./validate.ts";
import { isObject } from "@pulumi-line-bot/kit/json";
import { UNKNOWN } from "./values.ts";

/** Inputs as the service gets them: without bookkeeping, with every default, also false, 0 and empty ones. */
export function toWanted(schema: TypeSchema, inputs: Attributes): Attributes {
  const wanted = withDefaults(inputs, schema.inputs);
  return "tagsAll" in inputs ? { ...wanted, tagsAll: inputs["tagsAll"] } : wanted;
}

function withDefaults(inputs: Attributes, fields: Record<string, Field>): Attributes {
  const wanted: Attributes = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = inputs[name] ?? (excluded(field, inputs, name) ? undefined : field.default);
    if (value !== undefined) wanted[name] = nested(value, field);
  }
  return wanted;
}

function nested(value: unknown, field: Field): unknown {
  if (!field.fields) return value;
  if (Array.isArray(value)) return value.map((item) => nested(item, elementOf(field)));
  return isObject(value) ? withDefaults(value, field.fields) : value;
}

function excluded(field: Field, inputs: Attributes, name: string): boolean {
  return [...(field.conflictsWith ?? []), ...(field.exactlyOneOf ?? [])].some(
    (rival) => rival !== name && inputs[rival] !== undefined,
  );
}

/** What a preview of a create can say: the inputs; all else is unknown. */
export function previewCreate(schema: TypeSchema, wanted: Attributes): Attributes {
  const outputs = withoutWriteOnly(schema, wanted);
  for (const [name, output] of Object.entries(schema.outputs))
    if (output.computed === "always" ? name !== "tagsAll" : output.computed && outputs[name] === undefined)
      outputs[name] = UNKNOWN;
  outputs["id"] = UNKNOWN;
  return outputs;
}

/** What a preview of an update can say: old outputs stay known unless the type says that one is computed again. */
export function previewUpdate(schema: TypeSchema, type: TypeRules, change: Change): Attributes {
  const outputs = { ...change.olds, ...withoutWriteOnly(schema, change.news) };
  for (const name of change.changed) if (change.news[name] === undefined) delete outputs[name];
  for (const name of type.recomputes?.(change) ?? []) outputs[name] = UNKNOWN;
  return outputs;
}

export function withoutWriteOnly(schema: TypeSchema, attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !schema.inputs[name]?.writeOnly));
}

/** Properties to mark as secret on the way out; the engine adds those that came from secret inputs. */
export function secretsOf(schema: TypeSchema): ReadonlySet<string> {
  const inputs = Object.entries(schema.inputs).filter(([, field]) => field.sensitive);
  const outputs = Object.entries(schema.outputs).filter(([, output]) => output.secret);
  return new Set([...inputs, ...outputs].map(([name]) => name));
}
