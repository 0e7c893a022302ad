import { tryParseJson, isObject } from "@pulumi-line-bot/kit/json";
import type { Attributes } from "./attributes.ts";
import type { Field } from "./schema.ts";
import { isArchive, UNKNOWN } from "./values.ts";

/** What is wrong, and where: a property path such as `environment.variables`. */
export interface Problem {
  path: string;
  reason: string;
}

type Rule = (value: unknown, field: Field) => string | undefined;

/** Every rule that one value can break; unknown values break none. */
const RULES: Rule[] = [
  (value, { enum: allowed }) =>
    allowed && !allowed.includes(value as string) ? `expected one of ${list(allowed)}, got ${show(value)}` : undefined,
  (value, field) =>
    typeof value === "number" && !inRange(value, field) ? `expected ${rangeOf(field)}, got ${value}` : undefined,
  (value, { minLength = 0, maxLength = Infinity }) => {
    if (typeof value !== "string") return undefined;
    const length = Buffer.byteLength(value);
    if (length >= minLength && length <= maxLength) return undefined;
    return `expected length to be in the range (${minLength} - ${maxLength}), got ${length}`;
  },
  (value, { pattern }) =>
    pattern !== undefined && typeof value === "string" && !new RegExp(pattern).test(value)
      ? `${show(value)} does not match ${pattern}`
      : undefined,
  (value, { format }) => (format && typeof value === "string" ? FORMATS[format](value) : undefined),
];

const FORMATS: Record<NonNullable<Field["format"]>, (text: string) => string | undefined> = {
  arn: (text) =>
    text === "" || /^arn:[\w-]+:[a-zA-Z0-9-]+:[a-z0-9-]*:(\d{12}|aws|aws-managed|third-party|)?:.+/.test(text)
      ? undefined
      : `${show(text)} is an invalid ARN: arn:partition:service:region:account:resource is expected`,
  json: (text) => (text === "" || tryParseJson(text) !== undefined ? undefined : "contains an invalid JSON"),
  policy: (text) =>
    isObject(tryParseJson(text)) ? undefined : "contains an invalid JSON policy: a JSON object is expected",
  base64: (text) =>
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
      ? undefined
      : "must be base64-encoded",
  rfc3339: (text) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? undefined : "must be an RFC 3339 time",
};

/** Checks one object against its fields: unknown and missing keys, groups, and each value. */
export function validateObject(value: Attributes, fields: Record<string, Field>, path = ""): Problem[] {
  const at = (name: string) => (path ? `${path}.${name}` : name);
  const isSet = (name: string) => value[name] !== undefined;
  const problems: Problem[] = [];
  for (const name of Object.keys(value))
    if (!fields[name] && name !== "__defaults") problems.push({ path: at(name), reason: "Invalid or unknown key" });
  for (const [name, field] of Object.entries(fields)) {
    if (isSet(name)) problems.push(...validateValue(value[name], field, at(name)));
    else if (field.required)
      problems.push({
        path: at(name),
        reason: `Missing required argument. The argument "${name}" is required, but no definition was found.`,
      });
    problems.push(...validateGroups(name, field, isSet).map((reason) => ({ path: at(name), reason })));
  }
  return problems;
}

function validateGroups(name: string, field: Field, isSet: (name: string) => boolean): string[] {
  const reasons: string[] = [];
  const { exactlyOneOf, conflictsWith = [], requiredWith = [] } = field;
  if (exactlyOneOf && exactlyOneOf.filter(isSet).length !== 1)
    reasons.push(
      `Invalid combination of arguments. "${name}": ` +
        (exactlyOneOf.some(isSet) ? `only one of ` : `one of `) +
        `${list(exactlyOneOf)} ${exactlyOneOf.some(isSet) ? "can" : "must"} be specified`,
    );
  if (!isSet(name)) return reasons;
  for (const other of conflictsWith)
    if (isSet(other)) reasons.push(`Conflicting configuration arguments. "${name}": conflicts with ${other}`);
  const missing = requiredWith.filter((other) => !isSet(other));
  if (missing.length > 0)
    reasons.push(`Missing required argument. "${name}": all of ${list([name, ...requiredWith])} must be specified`);
  return reasons;
}

function validateValue(value: unknown, field: Field, path: string): Problem[] {
  if (value === UNKNOWN) return [];
  if (field.type === "list" || field.type === "set") return validateItems(value, field, path);
  if (field.type === "map") {
    if (!isObject(value)) return [{ path, reason: `expected a map, got ${describe(value)}` }];
    return Object.entries(value).flatMap(([key, item]) => validateValue(item, elementOf(field), `${path}.${key}`));
  }
  if (!hasType(value, field.type)) return [{ path, reason: `expected ${field.type}, got ${describe(value)}` }];
  if (field.type === "object") return validateObject(value as Attributes, field.fields ?? {}, path);
  return RULES.flatMap((rule) => rule(value, field) ?? []).map((reason) => ({
    path,
    reason: `expected "${path}" to be right: ${reason}`,
  }));
}

function validateItems(value: unknown, field: Field, path: string): Problem[] {
  if (!Array.isArray(value)) return [{ path, reason: `expected a list, got ${describe(value)}` }];
  const { minItems = 0, maxItems = Infinity } = field;
  const problems: Problem[] = value.flatMap((item, index) =>
    validateValue(item, elementOf(field), `${path}[${index}]`),
  );
  if (value.length < minItems || value.length > maxItems)
    problems.push({
      path,
      reason: `expected ${minItems} to ${maxItems} items, got ${value.length}`,
    });
  return problems;
}

/** Limits of a list or set hold for each element. */
export function elementOf(field: Field): Field {
  const { of = "string", type: _, minItems: _min, maxItems: _max, ...limits } = field;
  return { ...limits, type: of };
}

function hasType(value: unknown, type: Field["type"]): boolean {
  if (type === "archive") return isArchive(value);
  return type === "object" ? isObject(value) : typeof value === type;
}

function inRange(value: number, { min = -Infinity, max = Infinity, multipleOf, allowed = [] }: Field): boolean {
  if (allowed.includes(value)) return true;
  return value >= min && value <= max && (multipleOf === undefined || value % multipleOf === 0);
}

function rangeOf({ min, max, multipleOf, allowed = [] }: Field): string {
  const range =
    min !== undefined && max !== undefined
      ? `a value in the range (${min} - ${max})`
      : min !== undefined
        ? `a value of at least (${min})`
        : max !== undefined
          ? `a value of at most (${max})`
          : "a number";
  const step = multipleOf === undefined ? "" : `, a multiple of ${multipleOf}`;
  return allowed.length > 0 ? `${allowed.join(", ")} or ${range}${step}` : `${range}${step}`;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isArchive(value)) return "an archive";
  return isObject(value) ? "an object" : typeof value;
}

const show = (value: unknown) => JSON.stringify(value);
const list = (values: readonly unknown[]) => `[${values.map(show).join(", ")}]`;
