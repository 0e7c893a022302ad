import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toSchema } from "../generate-schema.ts";

const facts = join(import.meta.dirname, "../../../../shared/aws-facts");
const generated = join(import.meta.dirname, "../schema.generated.json");

test.skipIf(!existsSync(facts))("the provider's table says what the facts about the real provider say", () => {
  const table = JSON.parse(readFileSync(generated, "utf8")) as object;

  expect(table).toEqual(JSON.parse(JSON.stringify(toSchema(facts))));
  expect(Object.keys(table)).toHaveLength(45);
});

test("every pattern in the table is a regular expression", () => {
  const patterns = [...readFileSync(generated, "utf8").matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)];

  expect(patterns.length).toBeGreaterThan(20);
  for (const [, pattern = ""] of patterns) expect(() => new RegExp(JSON.parse(pattern) as string)).not.toThrow();
});
