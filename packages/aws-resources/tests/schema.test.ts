import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { expect, test } from "vitest";
import { tryFindSchema, type TypeSchema } from "../schema.ts";
import { toSchemas } from "./from-facts.ts";

const types = path.join(import.meta.dirname, "../types");
const records = readdirSync(types).map(
  (file) => [file, JSON.parse(readFileSync(path.join(types, file), "utf8")) as TypeSchema] as const,
);
const declarations = path.dirname(createRequire(import.meta.url).resolve("@pulumi/aws/package.json"));
const facts = path.join(import.meta.dirname, "../../../../shared/aws-facts");

test.skipIf(!existsSync(facts))("the records say what was found out about the real provider", () => {
  const known = toSchemas(facts);

  expect(Object.keys(known).length).toBeGreaterThan(35);
  for (const [token, schema] of Object.entries(known))
    expect(tryFindSchema(token)).toEqual(JSON.parse(JSON.stringify(schema)));
});

test.each(records)("%s is found by its token, and names the inputs that the SDK declares", (_file, record) => {
  const [, module = "", type = ""] = /^aws:(\w+)\/\w+:(\w+)$/.exec(record.token) ?? [];
  const declared = readFileSync(path.join(declarations, module, `${lowerFirst(type)}.d.ts`), "utf8");
  const [, body = ""] = new RegExp(`export interface ${type}Args \\{(.*?)^\\}`, "ms").exec(declared) ?? [];

  const found = [...body.matchAll(/^ {4}(\w+)(\??):/gm)].map(([, name, optional]) => [name, optional === ""]);

  expect(tryFindSchema(record.token)).toEqual(record);
  expect(found).toEqual(Object.entries(record.inputs).map(([name, { required = false }]) => [name, required]));
});

test.each(["aws:sqs/queue:Nothing", "aws:sqs/other:Queue", "aws:../types:x", "random:index/randomId:RandomId", ""])(
  "of %j nothing is known",
  (token) => {
    expect(tryFindSchema(token)).toBeUndefined();
  },
);

test("every pattern of a record is a regular expression", () => {
  const patterns = [...JSON.stringify(records).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)];

  expect(patterns.length).toBeGreaterThan(20);
  for (const [, pattern = ""] of patterns) expect(() => new RegExp(JSON.parse(pattern) as string)).not.toThrow();
});

const lowerFirst = (text: string) => `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
