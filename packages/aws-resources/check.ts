import type { Attributes } from "./attributes.ts";
import { NameTooLong, toAutoName, type NamingRequest } from "./naming.ts";
import type { ProviderConfig } from "./config.ts";
import type { Field, TypeSchema } from "./schema.ts";
import { elementOf, validateObject, type Problem } from "./validate.ts";
import { isArchive, UNKNOWN } from "./values.ts";
import { isObject } from "@pulumi-line-bot/kit/json";

export interface Checked {
  inputs: Attributes;
  problems: Problem[];
}

/**
 * The inputs as the provider keeps them: names made up, defaults filled in and listed under `__defaults`, region and
 * tags of the provider added. Limits are checked before the defaults come in.
 */
export function check(
  schema: TypeSchema,
  olds: Attributes,
  news: Attributes,
  config: ProviderConfig,
  request: NamingRequest,
): Checked {
  const problems: Problem[] = [];
  const inputs = coerceObject(news, schema.inputs);
  // Both are made again; they come along where old inputs stand in for new ones.
  delete inputs["__defaults"];
  if (schema.outputs["tagsAll"]) delete inputs["tagsAll"];
  const named = addName(schema, olds, inputs, request, problems);
  problems.push(...validateObject(inputs, schema.inputs));
  if (problems.length > 0) return { inputs, problems };

  const filled = fillDefaults(inputs, schema.inputs);
  filled["__defaults"] = [...(named ? [schema.naming?.property] : []), ...(filled["__defaults"] as string[])];
  if (schema.inputs["region"] && filled["region"] === undefined) filled["region"] = config.region;
  if (schema.outputs["tagsAll"]) filled["tagsAll"] = mergeTags(config, filled["tags"]);
  return { inputs: filled, problems };
}

function addName(
  schema: TypeSchema,
  olds: Attributes,
  inputs: Attributes,
  request: NamingRequest,
  problems: Problem[],
): boolean {
  const { naming } = schema;
  if (!naming || inputs[naming.property] !== undefined) return false;
  const rivals = schema.inputs[naming.property]?.conflictsWith ?? [];
  if (rivals.some((rival) => inputs[rival] !== undefined)) return false;
  // After a refresh the list is missing: a name that is there then counts as made up.
  const defaulted = olds["__defaults"] as string[] | undefined;
  const wasNamed = olds[naming.property] !== undefined && (defaulted?.includes(naming.property) ?? true);
  try {
    const name = wasNamed ? olds[naming.property] : toAutoName(naming, inputs, request);
    if (name === undefined) return false;
    inputs[naming.property] = name;
    return true;
  } catch (error) {
    if (!(error instanceof NameTooLong)) throw error;
    problems.push({ path: naming.property, reason: error.message });
    return false;
  }
}

/** Defaults that are false, 0 or empty are not written into inputs; they hold all the same. */
function fillDefaults(inputs: Attributes, fields: Record<string, Field>): Attributes {
  const filled: Attributes = {};
  const defaulted: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (inputs[name] !== undefined) filled[name] = fillNested(inputs[name], field);
    else if (field.default && !isExcluded(name, field, inputs)) {
      filled[name] = field.default;
      defaulted.push(name);
    }
  }
  filled["__defaults"] = defaulted.sort();
  return filled;
}

function fillNested(value: unknown, field: Field): unknown {
  if (!field.fields || value === UNKNOWN) return value;
  if (Array.isArray(value)) return value.map((item) => fillNested(item, elementOf(field)));
  return isObject(value) ? fillDefaults(value, field.fields) : value;
}

/** A default stays away from a property that excludes it. */
function isExcluded(name: string, field: Field, inputs: Attributes): boolean {
  const rivals = [...(field.conflictsWith ?? []), ...(field.exactlyOneOf ?? [])];
  return rivals.some((rival) => rival !== name && inputs[rival] !== undefined);
}

/** Numbers and booleans may come as text and the other way round, as from stack configuration. */
function coerceObject(value: Attributes, fields: Record<string, Field>): Attributes {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, fields[name] ? coerce(member, fields[name]) : member]),
  );
}

function coerce(value: unknown, field: Field): unknown {
  if (value === UNKNOWN || isArchive(value)) return value;
  if (Array.isArray(value)) return value.map((item) => coerce(item, elementOf(field)));
  if (field.type === "map" && isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coerce(item, elementOf(field))]));
  if (isObject(value)) return coerceObject(value, field.fields ?? {});
  if (field.type === "string" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (field.type === "number" && typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)))
    return Number(value);
  if (field.type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return value;
}

function mergeTags(config: ProviderConfig, tags: unknown): unknown {
  if (tags === UNKNOWN) return UNKNOWN;
  const merged = { ...config.defaultTags, ...(tags as Record<string, string> | undefined) };
  return Object.fromEntries(Object.entries(merged).filter(([key]) => !config.ignoresTag(key)));
}
