import { existsSync, readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import { parse } from "yaml";

/** LINE's own descriptions, where they are at hand. */
export const openApiFolder = new URL("../../../../shared/line-openapi/", import.meta.url);
export const hasOpenApi = existsSync(openApiFolder);

type Json = { [key: string]: unknown };

interface OperationObject {
  operationId?: string;
  responses: Record<string, { content?: Record<string, { schema?: Json }> }>;
}

interface Description {
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, Json> };
}

const read = (file: string): Description => parse(readFileSync(new URL(file, openApiFolder), "utf8")) as Description;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A choice is kept apart from the plain schema of its name: the variants build on the plain one. */
const choiceOf = (name: string) => `#/choices/${name}`;
const plainOf = (name: string) => `#/plain/${name}`;

/** OpenAPI 3.0 as JSON Schema: discriminators become conditions, `nullable` a type. */
function toJsonSchema(description: Description): Json {
  const { schemas } = description.components;
  const isChoice = (name: string) => schemas[name]?.["discriminator"] !== undefined;
  const convert = (value: unknown, isBase = false): unknown => {
    if (Array.isArray(value)) return value.map((item) => convert(item, isBase));
    if (!isObject(value)) return value;
    if (typeof value["$ref"] === "string") {
      const name = value["$ref"].slice(value["$ref"].lastIndexOf("/") + 1);
      return { $ref: isChoice(name) && !isBase ? choiceOf(name) : plainOf(name) };
    }
    const { discriminator: _, example: _example, externalDocs: _docs, nullable, ...schema } = value;
    if (nullable === true) schema["type"] = [schema["type"], "null"];
    return Object.fromEntries(Object.entries(schema).map(([key, member]) => [key, convert(member, key === "allOf")]));
  };
  const plain = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, convert(schema)]));
  const choices = Object.fromEntries(
    Object.entries(schemas).flatMap(([name, { discriminator }]) =>
      discriminator === undefined ? [] : [[name, toChoice(discriminator as Discriminator)]],
    ),
  );
  return { $id: "line", plain, choices };
}

interface Discriminator {
  propertyName: string;
  mapping: Record<string, string>;
}

function toChoice({ propertyName, mapping }: Discriminator): Json {
  const variants = Object.entries(mapping).map(([value, ref]) => ({
    anyOf: [
      { properties: { [propertyName]: { not: { const: value } } } },
      { $ref: plainOf(ref.slice(ref.lastIndexOf("/") + 1)) },
    ],
  }));
  const known = { properties: { [propertyName]: { enum: Object.keys(mapping) } }, required: [propertyName] };
  return { allOf: [known, ...variants] };
}

function createValidator(description: Description) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addFormat("uri", (text) => URL.canParse(text));
  ajv.addFormat("date-time", (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text));
  ajv.addFormat("int32", { type: "number", validate: (value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31 });
  ajv.addFormat("int64", { type: "number", validate: Number.isSafeInteger });
  ajv.addFormat("double", { type: "number", validate: Number.isFinite });
  ajv.addFormat("binary", true);
  ajv.addFormat("byte", true);
  ajv.addSchema(toJsonSchema(description));
  return (name: string): ValidateFunction => {
    const isChoice = description.components.schemas[name]?.["discriminator"] !== undefined;
    const find = ajv.getSchema(`line${isChoice ? choiceOf(name) : plainOf(name)}`);
    if (find === undefined) throw new Error(`No schema named ${name}`);
    return find;
  };
}

function problemsOf(validate: ValidateFunction, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || "the body"} ${message}`);
}

/** What is wrong with a webhook's body by LINE's description; nothing where the description is not at hand. */
export const webhookProblems: (body: unknown) => string[] = hasOpenApi ? createWebhookCheck() : () => [];

function createWebhookCheck() {
  const description = read("webhook.yml");
  // In the reference since July 2026, and not in the description.
  const event = description.components.schemas["Event"]?.["discriminator"] as Discriminator;
  event.mapping["messageEdited"] = "#/components/schemas/MessageEvent";
  const validate = createValidator(description)("CallbackRequest");
  return (body: unknown) => problemsOf(validate, body);
}

/** What is wrong with an answer of the API. */
export const answerProblems: (method: string, path: string, status: number, body: unknown) => string[] = hasOpenApi
  ? createAnswerCheck()
  : () => [];

function createAnswerCheck() {
  const operations = ["messaging-api.yml", "channel-access-token.yml"].flatMap((file) => {
    const description = read(file);
    const find = createValidator(description);
    // Most operations leave their errors out: those of the Messaging API all have the one shape.
    const ofError = file === "messaging-api.yml" ? find("ErrorResponse") : undefined;
    return Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => ({
        method: method.toUpperCase(),
        pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
        isLiteral: !path.includes("{"),
        check: (status: number, body: unknown) => checkAnswer(responses, find, ofError, status, body),
      })),
    );
  });
  operations.sort((a, b) => Number(b.isLiteral) - Number(a.isLiteral));
  return (method: string, path: string, status: number, body: unknown) =>
    operations.find((one) => one.method === method && one.pattern.test(path))?.check(status, body) ?? [];
}

function checkAnswer(
  responses: OperationObject["responses"],
  find: (name: string) => ValidateFunction,
  ofError: ValidateFunction | undefined,
  status: number,
  body: unknown,
): string[] {
  const response = responses[String(status)];
  // Documented for content in preparation, and not described.
  const isPreparing = status === 202 && response === undefined && responses["200"]?.content?.["*/*"] !== undefined;
  if (response === undefined && status < 300 && !isPreparing)
    return [`${status} is not a status of this operation's success`];
  const ref = response?.content?.["application/json"]?.schema?.["$ref"];
  if (typeof ref !== "string") return status >= 400 && ofError !== undefined ? problemsOf(ofError, body) : [];
  return problemsOf(find(ref.slice(ref.lastIndexOf("/") + 1)), body);
}
