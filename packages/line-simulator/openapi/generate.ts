import { readFile, writeFile } from "node:fs/promises";
import { parse } from "yaml";
import type { Operation, QueryParameter, Shape } from "./table.ts";

/**
 * Makes `api.generated.json` from LINE's OpenAPI descriptions: routes, the shapes of request bodies and their written
 * limits, nothing else. Run: `node packages/line-simulator/openapi/generate.ts <folder with LINE's .yml files>`.
 * @see https://github.com/line/line-openapi
 */
export async function generateTable(folder: string): Promise<string> {
  const documents = await Promise.all(
    ["channel-access-token.yml", "liff.yml", "messaging-api.yml"].map(
      async (file) => parse(await readFile(`${folder}/${file}`, "utf8")) as Document,
    ),
  );
  const operations: Operation[] = [];
  const shapes: Record<string, Shape> = {};
  for (const document of documents) {
    operations.push(...operationsOf(document));
    collectShapes(document, operationsOf(document), shapes);
  }
  const lines = [
    `{"operations":[`,
    operations.map((operation) => JSON.stringify(operation)).join(",\n"),
    `],"shapes":{`,
    Object.keys(shapes)
      .sort()
      .map((name) => `${JSON.stringify(name)}:${JSON.stringify(shapes[name])}`)
      .join(",\n"),
    `}}\n`,
  ];
  return lines.join("\n");
}

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  type?: string;
  enum?: string[];
  pattern?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  discriminator?: { propertyName: string; mapping: Record<string, string> };
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}

interface OperationObject {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, unknown>;
}

interface Document {
  paths: Record<string, Record<string, OperationObject | undefined>>;
  components: { schemas: Record<string, Schema> };
}

const contents = { "application/json": "json", "application/x-www-form-urlencoded": "form", "*/*": "binary" } as const;

function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      operation?.operationId === undefined ? [] : [toOperation(path, method, operation)],
    ),
  );
}

function toOperation(path: string, method: string, operation: OperationObject): Operation {
  const query: QueryParameter[] = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === "query")
    .map(({ name, required = false, schema }) => ({ name, required, shape: toShape(schema) }));
  const success = Object.keys(operation.responses).find((status) => status.startsWith("2")) ?? "200";
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    status: Number(success),
    ...bodyOf(operation),
    ...(query.length > 0 && { query }),
  };
}

function bodyOf({ requestBody }: OperationObject): Pick<Operation, "body"> {
  if (requestBody === undefined) return {};
  const [first] = Object.entries(requestBody.content);
  if (first === undefined) return {};
  const [type, { schema }] = first;
  const content = contents[type as keyof typeof contents];
  return { body: { content, required: requestBody.required ?? false, shape: toShape(schema) } };
}

const nameOf = (ref: string) => ref.slice(ref.lastIndexOf("/") + 1);

function toShape(schema: Schema): Shape {
  if (schema.$ref !== undefined) return { type: "ref", name: nameOf(schema.$ref) };
  if (schema.discriminator !== undefined) {
    const { propertyName: by, mapping } = schema.discriminator;
    return { type: "choice", by, of: Object.fromEntries(Object.entries(mapping).map(([k, v]) => [k, nameOf(v)])) };
  }
  switch (schema.type ?? (schema.properties ? "object" : "any")) {
    case "string":
      return { type: "string", ...pick(schema, ["minLength", "maxLength", "pattern", "enum"]) };
    case "integer":
    case "number":
      return { type: schema.type as "integer", ...pick(schema, ["minimum", "maximum"]) };
    case "boolean":
      return { type: "boolean" };
    case "array":
      return { type: "array", items: toShape(schema.items ?? {}), ...pick(schema, ["minItems", "maxItems"]) };
    case "object":
      return toObjectShape(schema);
    default:
      return { type: "any" };
  }
}

function toObjectShape({ required, properties }: Schema): Shape {
  const shapes = Object.entries(properties ?? {}).map(([name, schema]) => [name, toShape(schema)] as const);
  return {
    type: "object",
    ...(required !== undefined && { required }),
    ...(shapes.length > 0 && { properties: Object.fromEntries(shapes) }),
  };
}

/** A variant's `allOf` names the base that chooses it: its properties count, its discriminator would lead in a circle. */
function merge(document: Document, schema: Schema): Schema {
  const { allOf, ...own } = schema;
  if (allOf === undefined) return schema;
  const parts = [...allOf.map((part) => merge(document, withoutChoice(resolve(document, part)))), own];
  return {
    type: "object",
    required: [...new Set(parts.flatMap((part) => part.required ?? []))],
    properties: Object.assign({}, ...parts.map((part) => part.properties)) as Record<string, Schema>,
  };
}

const withoutChoice = ({ discriminator: _, ...schema }: Schema): Schema => schema;

function resolve(document: Document, schema: Schema): Schema {
  return schema.$ref === undefined ? schema : findSchema(document, nameOf(schema.$ref));
}

function findSchema(document: Document, name: string): Schema {
  const schema = document.components.schemas[name];
  if (schema === undefined) throw new Error(`The description has no schema named ${name}`);
  return schema;
}

/** Adds every shape that the operations' bodies lead to. */
function collectShapes(document: Document, operations: Operation[], shapes: Record<string, Shape>): void {
  const waiting = operations.flatMap(({ body, query = [] }) => [
    ...(body === undefined ? [] : namesIn(body.shape)),
    ...query.flatMap(({ shape }) => namesIn(shape)),
  ]);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (shapes[name] !== undefined) continue;
    const shape = toShape(merge(document, findSchema(document, name)));
    shapes[name] = shape;
    waiting.push(...namesIn(shape));
  }
}

function namesIn(shape: Shape): string[] {
  switch (shape.type) {
    case "ref":
      return [shape.name];
    case "choice":
      return Object.values(shape.of);
    case "array":
      return namesIn(shape.items);
    case "object":
      return Object.values(shape.properties ?? {}).flatMap(namesIn);
    default:
      return [];
  }
}

function pick<T extends object, K extends keyof T>(source: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => source[key] !== undefined).map((key) => [key, source[key]])) as Pick<
    T,
    K
  >;
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error("Name the folder with LINE's .yml files");
  await writeFile(new URL("./api.generated.json", import.meta.url), await generateTable(folder));
}
