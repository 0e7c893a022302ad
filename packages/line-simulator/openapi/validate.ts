import { bodyErrors, invalidProperty, type ErrorDetail } from "../errors.ts";
import { labelProblems } from "./label-limits.ts";
import { writtenLimits } from "./written-limits.ts";
import { findShape, type Shape } from "./table.ts";

type JsonObject = Record<string, unknown>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Checks a request body against its shape and the limits that only LINE's documentation writes.
 * @throws {LineError} 400 with LINE's message: one for a value of the wrong type, a list for limits.
 */
export function validateBody(shape: Shape, value: unknown): void {
  const details = problemsOf(shape, value);
  if (details.length > 0) throw bodyErrors(details);
}

/** What is wrong with the value; `at` names it in the messages. */
export function problemsOf(shape: Shape, value: unknown, at = ""): ErrorDetail[] {
  const details: ErrorDetail[] = [];
  check(shape, value, at, details);
  return details;
}

type Found = ErrorDetail[];
type NumberShape = Extract<Shape, { type: "integer" | "number" }>;

function check(shape: Shape, value: unknown, at: string, found: Found): void {
  switch (shape.type) {
    case "ref":
      return checkNamed(shape.name, value, at, found);
    case "choice":
      return checkChoice(shape, value, at, found);
    case "object":
      return checkObject(shape, value, at, found);
    case "array":
      return checkArray(shape, value, at, found);
    case "string":
      return checkString(shape, value, at, found);
    case "integer":
    case "number":
      return checkNumber(shape, value, at, found);
    case "boolean":
      if (typeof value !== "boolean") throw invalidProperty(at);
      return;
    case "any":
      return;
  }
}

function checkNamed(name: string, value: unknown, at: string, found: Found): void {
  check(findShape(name), value, at, found);
  if (!isObject(value)) return;
  for (const [member, rule] of Object.entries(writtenLimits[name] ?? {})) {
    const given = value[member];
    // A required one that is missing has been told already.
    const message = given === undefined || given === null || given === "" ? undefined : rule(given);
    const property = at === "" ? member : `${at}.${member}`;
    const isTold = found.some((detail) => detail.property === property && detail.message === message);
    if (message !== undefined && !isTold) found.push({ message, property });
  }
  found.push(...labelProblems(name, value, at));
}

function checkChoice(shape: Extract<Shape, { type: "choice" }>, value: unknown, at: string, found: Found): void {
  if (!isObject(value)) throw invalidProperty(at);
  const chosen = value[shape.by];
  const property = at === "" ? shape.by : `${at}.${shape.by}`;
  if (chosen === undefined || chosen === null) {
    found.push({ message: "May not be empty", property });
    return;
  }
  const name = typeof chosen === "string" && Object.hasOwn(shape.of, chosen) ? shape.of[chosen] : undefined;
  if (name === undefined) found.push({ message: oneOf(Object.keys(shape.of)), property });
  else checkNamed(name, value, at, found);
}

function checkObject(shape: Extract<Shape, { type: "object" }>, value: unknown, at: string, found: Found): void {
  if (!isObject(value)) throw invalidProperty(at);
  const pathOf = (name: string) => (at === "" ? name : `${at}.${name}`);
  for (const name of shape.required ?? []) {
    if (value[name] === undefined || value[name] === null || value[name] === "") {
      found.push({ message: "May not be empty", property: pathOf(name) });
    }
  }
  for (const [name, member] of Object.entries(shape.properties ?? {})) {
    const given = value[name];
    const isMissing = given === undefined || given === null;
    const isSaid = given === "" && shape.required?.includes(name);
    if (!isMissing && !isSaid) check(member, given, pathOf(name), found);
  }
}

function checkArray(shape: Extract<Shape, { type: "array" }>, value: unknown, at: string, found: Found): void {
  if (!Array.isArray(value)) throw invalidProperty(at);
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = shape;
  if (value.length < minItems || value.length > maxItems) {
    found.push({ message: `Size must be between ${minItems} and ${maxItems}`, property: at });
  }
  for (const [index, item] of value.entries()) check(shape.items, item, `${at}[${index}]`, found);
}

function checkString(shape: Extract<Shape, { type: "string" }>, value: unknown, at: string, found: Found): void {
  if (typeof value !== "string") throw invalidProperty(at);
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = shape;
  if (shape.enum !== undefined && !shape.enum.includes(value)) {
    found.push({ message: oneOf(shape.enum), property: at });
  } else if (value.length < minLength || value.length > maxLength) {
    found.push({ message: `Length must be between ${minLength} and ${maxLength}`, property: at });
  } else if (pattern !== undefined && !new RegExp(pattern).test(value)) {
    found.push({ message: `Must match the pattern: ${pattern}`, property: at });
  }
}

function checkNumber(shape: NumberShape, value: unknown, at: string, found: Found): void {
  const isNumber = typeof value === "number" && (shape.type === "number" || Number.isSafeInteger(value));
  if (!isNumber) throw invalidProperty(at);
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = shape;
  if (value >= minimum && value <= maximum) return;
  found.push({ message: boundsOf(shape), property: at });
}

function boundsOf({ minimum, maximum }: NumberShape): string {
  if (minimum === undefined) return `Must be less than or equal to ${maximum}`;
  return maximum === undefined
    ? `Must be greater than or equal to ${minimum}`
    : `Must be between ${minimum} and ${maximum}`;
}

const oneOf = (values: string[]) => `Must be one of the following values: [${values.join(", ")}]`;
