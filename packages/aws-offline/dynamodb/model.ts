import type { Stored, HasStore, Collection } from "../store/store.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";

/** Tables by name. */
export const tablesOf = (cloud: HasStore): Collection<Stored> => cloud.store.collection<Stored>("dynamodb/tables");

interface Index {
  name: string;
  hashKey?: string;
  rangeKey?: string;
  projectionType: string;
  nonKeyAttributes?: string[];
}

/** The name in a name or an ARN: calls take both. */
export function toTableName(nameOrArn: string): string {
  return nameOrArn.startsWith("arn:") ? (nameOrArn.split("table/")[1]?.split("/")[0] ?? "") : nameOrArn;
}

/** Throws as DynamoDB does where there is none. */
export function findTable(cloud: HasStore, name: string): Attributes {
  const table = tablesOf(cloud).get(name);
  if (!table)
    throw new ServiceError("ResourceNotFoundException", `Requested resource not found: Table: ${name} not found`);
  return table.attributes;
}

/** The attribute whose time ends an item; undefined, where none does. */
export function ttlAttributeOf({ ttl }: Attributes): string | undefined {
  const { enabled, attributeName } = (ttl ?? {}) as { enabled?: boolean; attributeName?: string };
  return enabled ? attributeName : undefined;
}

/** A table as `DescribeTable` tells it. */
export function toDescription(attributes: Attributes): object {
  const { name, arn, hashKey, rangeKey, billingMode, deletionProtectionEnabled, tableClass } = attributes;
  const given = (attributes["attributes"] ?? []) as { name: string; type: string }[];
  const global = ((attributes["globalSecondaryIndexes"] ?? []) as Index[]).map((index) => toIndex(index, arn));
  const local = ((attributes["localSecondaryIndexes"] ?? []) as Index[]).map((index) =>
    toIndex({ ...index, hashKey: hashKey as string }, arn),
  );
  return {
    TableName: name,
    TableArn: arn,
    TableStatus: "ACTIVE",
    AttributeDefinitions: given.map(({ name: AttributeName, type: AttributeType }) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: toKeySchema(hashKey, rangeKey),
    ProvisionedThroughput: {
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: attributes["readCapacity"] ?? 0,
      WriteCapacityUnits: attributes["writeCapacity"] ?? 0,
    },
    ...(billingMode === "PAY_PER_REQUEST" && { BillingModeSummary: { BillingMode: billingMode } }),
    ...(global.length > 0 && { GlobalSecondaryIndexes: global.map((index) => ({ ...index, IndexStatus: "ACTIVE" })) }),
    ...(local.length > 0 && { LocalSecondaryIndexes: local }),
    DeletionProtectionEnabled: deletionProtectionEnabled ?? false,
    TableClassSummary: { TableClass: tableClass },
    ItemCount: 0,
    TableSizeBytes: 0,
  };
}

function toIndex(index: Index, tableArn: unknown): object {
  const { name, hashKey, rangeKey, projectionType, nonKeyAttributes = [] } = index;
  return {
    IndexName: name,
    IndexArn: `${tableArn as string}/index/${name}`,
    KeySchema: toKeySchema(hashKey, rangeKey),
    Projection: {
      ProjectionType: projectionType,
      ...(nonKeyAttributes.length > 0 && { NonKeyAttributes: nonKeyAttributes }),
    },
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
    ItemCount: 0,
    IndexSizeBytes: 0,
  };
}

function toKeySchema(hashKey: unknown, rangeKey: unknown): object[] {
  return [
    { AttributeName: hashKey, KeyType: "HASH" },
    ...(rangeKey ? [{ AttributeName: rangeKey, KeyType: "RANGE" }] : []),
  ];
}
