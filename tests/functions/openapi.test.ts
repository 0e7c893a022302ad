import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Bot } from "../../functions/bot-interface.ts";
import { callback, event, signed, textEvent } from "./cloud.ts";
import { startFunction } from "./setup.ts";

const file = path.join(import.meta.dirname, "../../../shared/line-openapi/webhook.yml");

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string;
  enum?: unknown[];
  pattern?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  discriminator?: { propertyName: string; mapping: Record<string, string> };
}

type Sample = Record<string, unknown>;

describe.skipIf(!existsSync(file))("LINE's OpenAPI description of webhooks", () => {
  const document = (existsSync(file) ? parse(readFileSync(file, "utf8")) : {}) as {
    components: { schemas: Record<string, Schema> };
  };
  const find = (ref: string): Schema => document.components?.schemas[ref.split("/").at(-1) ?? ""] ?? {};

  /** Every kind of value that a schema describes, with all of its properties. */
  function samples(schema: Schema): unknown[] {
    if (schema.$ref !== undefined) return variants(find(schema.$ref));
    if (schema.allOf !== undefined) return combine(schema.allOf.map(own));
    if (schema.enum !== undefined) return schema.enum;
    if (schema.type === "array") return [samples(schema.items ?? {})];
    if (schema.type === "object" || schema.properties !== undefined) return own(schema);
    const scalars: Record<string, unknown> = { integer: 1_462_629_479_859, number: 1.5, boolean: true };
    return [schema.type === undefined || schema.type === "string" ? toText(schema) : scalars[schema.type]];
  }

  const toText = ({ pattern }: Schema) => (pattern === undefined ? "text" : `U${"0".repeat(32)}`);

  /** The schema itself, or each of those that its discriminator tells apart. */
  function variants(schema: Schema): unknown[] {
    if (schema.discriminator === undefined) return samples(schema);
    const { propertyName, mapping } = schema.discriminator;
    return Object.entries(mapping).flatMap(([value, ref]) =>
      samples(find(ref)).map((sample) => ({ ...(sample as Sample), [propertyName]: value })),
    );
  }

  /** An object with the properties written in this schema, once for each variant of one of them. */
  function own(schema: Schema): Sample[] {
    const target = schema.$ref === undefined ? schema : find(schema.$ref);
    if (target.allOf !== undefined) return combine(target.allOf.map(own));
    const values = Object.entries(target.properties ?? {}).map(([name, property]) => ({
      name,
      all: samples(property),
    }));
    const first = Object.fromEntries(values.map(({ name, all }) => [name, all[0]]));
    return [first, ...values.flatMap(({ name, all }) => all.slice(1).map((value) => ({ ...first, [name]: value })))];
  }

  const combine = (parts: Sample[][]): Sample[] =>
    parts.reduce((all, part) => all.flatMap((one) => part.map((other) => ({ ...one, ...other }))), [{}]);

  const mapping = find("Event").discriminator?.mapping ?? {};

  test.each(Object.keys(mapping))(
    "has the event %s, which reaches its handler in each of its variants",
    async (type) => {
      const events = variants(find("Event")).filter((sample) => (sample as Sample)["type"] === type) as Sample[];
      expect(events.length).toBeGreaterThan(1);
      const handled: unknown[] = [];
      const handler = ({ event }: { event: unknown }) => void handled.push(event);
      const messages = Object.keys(find("MessageContent").discriminator?.mapping ?? {});
      const bot = {
        [type]: type === "message" ? Object.fromEntries(messages.map((name) => [name, handler])) : handler,
      } as Bot;
      await using fn = await startFunction({ bot });

      expect(await fn.status(signed(callback(...events)))).toBe(200);

      const active = events.filter(({ mode }) => mode === "active");
      expect(active.length).toBeGreaterThan(0);
      expect(handled).toHaveLength(active.length);
      expect(handled).toEqual(expect.arrayContaining(active));
    },
  );

  test("describes the events that the other tests send", () => {
    const ajv = new Ajv({ strict: false, formats: { int64: true, int32: true, uri: true } });
    ajv.addSchema({ $id: "line", ...document });
    const isValid = (name: string, value: unknown) => {
      const validate = ajv.compile({ $ref: `line#/components/schemas/${name}` });
      return validate(JSON.parse(JSON.stringify(value))) || validate.errors;
    };

    expect(isValid("CallbackRequest", JSON.parse(callback(event("unfollow"), textEvent("hello"))))).toBe(true);
    expect(isValid("MessageEvent", textEvent("hello"))).toBe(true);
    expect(isValid("TextMessageContent", textEvent("hello")["message"])).toBe(true);
    expect(isValid("MessageEvent", event("message"))).not.toBe(true);
  });
});
