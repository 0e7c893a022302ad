import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

/** LINE's own description of webhooks, where it is at hand. */
const file = path.join(import.meta.dirname, "../../../shared/line-openapi/webhook.yml");
export const hasWebhookDescription = existsSync(file);

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

export type Sample = Record<string, unknown>;

export const webhookDescription = (hasWebhookDescription ? parse(readFileSync(file, "utf8")) : {}) as {
  components?: { schemas: Record<string, Schema> };
};

const find = (ref: string): Schema => webhookDescription.components?.schemas[ref.split("/").at(-1) ?? ""] ?? {};

/** The kinds that a schema tells apart, such as the types of `Event`. */
export const kindsOf = (name: string): string[] => Object.keys(find(name).discriminator?.mapping ?? {});

/** Every kind of object that LINE describes under this name, with all of its properties. */
export const samplesOf = (name: string): Sample[] => variants(find(name)) as Sample[];

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
  const values = Object.entries(target.properties ?? {}).map(([name, property]) => ({ name, all: samples(property) }));
  const first = Object.fromEntries(values.map(({ name, all }) => [name, all[0]]));
  return [first, ...values.flatMap(({ name, all }) => all.slice(1).map((value) => ({ ...first, [name]: value })))];
}

const combine = (parts: Sample[][]): Sample[] =>
  parts.reduce((all, part) => all.flatMap((one) => part.map((other) => ({ ...one, ...other }))), [{}]);
