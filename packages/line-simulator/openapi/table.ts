import table from "./api.generated.json" with { type: "json" };

/** How a value in a request has to look: OpenAPI's types in a short form, `allOf` already merged. */
export type Shape =
  | { type: "string"; minLength?: number; maxLength?: number; pattern?: string; enum?: string[] }
  | { type: "integer" | "number"; minimum?: number; maximum?: number }
  | { type: "boolean" | "any" }
  | { type: "array"; items: Shape; minItems?: number; maxItems?: number }
  | { type: "object"; required?: string[]; properties?: Record<string, Shape> }
  | { type: "ref"; name: string }
  /** An object whose property `by` names the type that it has to be. */
  | { type: "choice"; by: string; of: Record<string, string> };

export interface QueryParameter {
  name: string;
  required: boolean;
  shape: Shape;
}

export interface Operation {
  id: string;
  method: string;
  /** In OpenAPI's notation: `/v2/bot/profile/{userId}`. */
  path: string;
  /** The status of success. */
  status: number;
  /** Absent: the call takes no body. */
  body?: { content: "json" | "form" | "binary"; required: boolean; shape: Shape };
  query?: QueryParameter[];
}

// JSON modules are typed by their text, which has no room for the optional members.
const typed = table as unknown as { operations: Operation[]; shapes: Record<string, Shape> };

export const operations: readonly Operation[] = typed.operations;

const shapes: ReadonlyMap<string, Shape> = new Map(Object.entries(typed.shapes));

export function findShape(name: string): Shape {
  const shape = shapes.get(name);
  if (shape === undefined) throw new Error(`No shape named ${name} in the generated table`);
  return shape;
}
