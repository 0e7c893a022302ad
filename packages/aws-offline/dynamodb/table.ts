import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { ttlAttributeOf } from "./model.ts";

/** Inputs behind which nothing is simulated. */
const REFUSED = [
  "importTable",
  "replicas",
  "globalTableWitness",
  "restoreBackupArn",
  "restoreDateTime",
  "restoreSourceName",
  "restoreSourceTableArn",
  "restoreToLatestTime",
  "streamEnabled",
];
const INDEXES = ["globalSecondaryIndexes", "localSecondaryIndexes"];

export const table = storedType({
  token: "aws:dynamodb/table:Table",
  collection: "dynamodb/tables",
  validate,
  make(inputs, cloud) {
    refuse(inputs);
    const name = inputs["name"] as string;
    const arn = toArn("dynamodb", inputs["region"] as string, cloud.accountId, `table/${name}`);
    return { id: name, attributes: { ...inputs, ...toCapacity(inputs), arn, streamArn: "", streamLabel: "" } };
  },
  remake({ news, changed }) {
    refuse(news);
    const index = INDEXES.find((property) => changed.has(property));
    if (index !== undefined)
      throw invalid(`The offline AWS makes indexes with their table only; ${index} of a table cannot change.`);
    return toCapacity(news);
  },
  settled: (attributes, cloud) => cloud.tables.define(attributes),
  async removing(attributes, cloud, id) {
    if (attributes["deletionProtectionEnabled"] === true)
      throw invalid(
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
      );
    await cloud.tables.remove(id);
  },
  exists: ({ name }) => new ServiceError("ResourceInUseException", `Table already exists: ${name as string}`),
  // A block that is switched off equals none.
  same: (property, old, wanted) =>
    ["pointInTimeRecovery", "serverSideEncryption"].includes(property) && isOff(old) && isOff(wanted),
});

/** Rules over several properties that the provider tells when it makes a diff. */
function validate(inputs: Attributes): void {
  const { billingMode, readCapacity, writeCapacity, attributes = [] } = inputs;
  const isOnDemand = billingMode === "PAY_PER_REQUEST";
  for (const [property, value] of Object.entries({ readCapacity, writeCapacity })) {
    if (isOnDemand && value) throw new Error(`${property} cannot be set when billingMode is PAY_PER_REQUEST`);
    if (!isOnDemand && !((value as number | undefined) ?? 0))
      throw new Error(`${property} must be at least 1 when billingMode is PROVISIONED`);
  }
  const ttl = inputs["ttl"] as { enabled?: boolean } | undefined;
  if (ttl?.enabled === true && !ttlAttributeOf(inputs))
    throw new Error("ttl.attributeName must be set when ttl.enabled is true");
  const listed = new Set((attributes as { name: string }[]).map(({ name }) => name));
  const used = new Set(keysOf(inputs));
  for (const name of used)
    if (!listed.has(name)) throw new Error(`all attributes must be indexed; ${name} is not among attributes`);
  for (const name of listed)
    if (!used.has(name)) throw new Error(`all attributes must be indexed; unused attribute: ${name}`);
}

/** Names of attributes that the table's key or an index needs. */
function keysOf(inputs: Attributes): string[] {
  const indexes = INDEXES.flatMap((property) => (inputs[property] ?? []) as Attributes[]);
  return [inputs, ...indexes]
    .flatMap(({ hashKey, rangeKey }) => [hashKey, rangeKey])
    .filter((name): name is string => typeof name === "string" && name !== "");
}

function refuse(inputs: Attributes): void {
  const property = REFUSED.find((name) => isAsked(inputs[name]));
  if (property !== undefined)
    throw invalid(`The offline AWS does not simulate ${property} of a table. Leave it out of this stack.`);
  if (!/^[\w.-]{3,255}$/.test(inputs["name"] as string))
    throw invalid("TableName must be at least 3 characters long and at most 255 characters long");
}

function isAsked(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function toCapacity({ billingMode, readCapacity, writeCapacity }: Attributes): Attributes {
  return billingMode === "PAY_PER_REQUEST" ? { readCapacity: 0, writeCapacity: 0 } : { readCapacity, writeCapacity };
}

function isOff(block: unknown): boolean {
  return !(block as { enabled?: boolean } | undefined)?.enabled;
}

function invalid(message: string): ServiceError {
  return new ServiceError("ValidationException", message);
}
