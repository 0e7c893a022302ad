import { LineError } from "../errors.ts";
import type { Operation, Shape } from "../openapi/table.ts";
import { problemsOf } from "../openapi/validate.ts";

/** @throws {LineError} 400 for a parameter that is missing or outside its limits. */
export function checkQuery({ query = [] }: Operation, given: Record<string, string>): void {
  for (const { name, required, shape } of query) {
    const text = given[name];
    if (text === undefined) {
      if (required) throw new LineError(400, `The value for the '${name}' parameter is invalid`);
      continue;
    }
    const value = toValue(shape, text);
    if (Number.isNaN(value) || problemsOf(shape, value, name).length > 0) {
      throw new LineError(400, `The value for the '${name}' parameter is invalid`);
    }
  }
}

function toValue(shape: Shape, text: string): unknown {
  if (shape.type === "array") return text.split(",");
  return shape.type === "integer" || shape.type === "number" ? Number(text) : text;
}
