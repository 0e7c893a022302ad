import * as v from "valibot";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Cloud } from "../cloud.ts";
import type { JsonService } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";
import { findTable, tablesOf, toDescription, toTableName, ttlAttributeOf } from "./model.ts";

const OfTable = v.looseObject({ TableName: v.string() });
const OfItems = v.looseObject({ RequestItems: v.record(v.string(), v.unknown()) });
const About = v.object({
  TableName: v.optional(v.string()),
  IndexName: v.optional(v.string()),
  RequestItems: v.optional(v.record(v.string(), v.unknown())),
});

/** On the items of one table: dynalite does them. */
const ITEM_OPERATIONS = ["DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"];
const BATCH_OPERATIONS = ["BatchGetItem", "BatchWriteItem"];

/** DynamoDB's operations that are simulated; tables themselves are made by the program that is deployed. */
const operations: JsonService["operations"] = {
  ...Object.fromEntries(
    ITEM_OPERATIONS.map((name) => [name, (input: unknown, cloud: Cloud) => runOnTable(name, input, cloud)]),
  ),
  ...Object.fromEntries(
    BATCH_OPERATIONS.map((name) => [name, (input: unknown, cloud: Cloud) => runOnTables(name, input, cloud)]),
  ),
  DescribeTable(input, cloud) {
    const { TableName } = v.parse(OfTable, input);
    return { Table: toDescription(findTable(cloud, toTableName(TableName))) };
  },
  DescribeTimeToLive(input, cloud) {
    const { TableName } = v.parse(OfTable, input);
    const AttributeName = ttlAttributeOf(findTable(cloud, toTableName(TableName)));
    return {
      TimeToLiveDescription: {
        TimeToLiveStatus: AttributeName === undefined ? "DISABLED" : "ENABLED",
        ...(AttributeName !== undefined && { AttributeName }),
      },
    };
  },
  DescribeContinuousBackups(input, cloud) {
    const { TableName } = v.parse(OfTable, input);
    const { pointInTimeRecovery } = findTable(cloud, toTableName(TableName));
    const isOn = (pointInTimeRecovery as { enabled?: boolean } | undefined)?.enabled === true;
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: "ENABLED",
        PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: isOn ? "ENABLED" : "DISABLED" },
      },
    };
  },
  ListTables: (_input, cloud) => ({
    TableNames: tablesOf(cloud)
      .values()
      .map(({ id }) => id)
      .sort(),
  }),
};

export const dynamodb: JsonService = {
  prefix: "dynamodb",
  version: "1.0",
  errorNamespace: "com.amazonaws.dynamodb.v20120810#",
  operations,
  resourceOf(input, region, cloud) {
    const { TableName, IndexName, RequestItems = {} } = v.parse(About, input);
    const names = TableName === undefined ? Object.keys(RequestItems) : [TableName];
    if (names.length === 0) return "*";
    const index = IndexName === undefined ? "" : `/index/${IndexName}`;
    return names.map((name) => toArn("dynamodb", region, cloud.accountId, `table/${toTableName(name)}${index}`));
  },
};

async function runOnTable(operation: string, input: unknown, cloud: Cloud): Promise<object> {
  const given = v.parse(OfTable, input);
  const TableName = toTableName(given.TableName);
  findTable(cloud, TableName);
  try {
    return await cloud.tables.run(operation, { ...given, TableName });
  } catch (error) {
    throw await withItem(error, { ...given, TableName }, cloud);
  }
}

async function runOnTables(operation: string, input: unknown, cloud: Cloud): Promise<object> {
  const given = v.parse(OfItems, input);
  const tables = Object.entries(given.RequestItems).map(([name, value]): [string, unknown] => [
    toTableName(name),
    value,
  ]);
  for (const [name] of tables) findTable(cloud, name);
  return cloud.tables.run(operation, { ...given, RequestItems: Object.fromEntries(tables) });
}

/** A failed condition shows the item to those who ask for it, which dynalite does not know. */
async function withItem(
  error: unknown,
  input: Record<string, unknown> & { TableName: string },
  cloud: Cloud,
): Promise<unknown> {
  const isWanted = input["ReturnValuesOnConditionCheckFailure"] === "ALL_OLD";
  if (!isWanted || !(error instanceof ServiceError) || !error.code.endsWith("#ConditionalCheckFailedException"))
    return error;
  const { hashKey, rangeKey } = findTable(cloud, input.TableName);
  const item = (input["Key"] ?? input["Item"]) as Record<string, unknown>;
  const Key = Object.fromEntries([hashKey, rangeKey].filter(Boolean).map((key) => [key, item[key as string]]));
  const found = await cloud.tables.run("GetItem", { TableName: input.TableName, Key, ConsistentRead: true });
  return new ServiceError(error.code, error.message, error.status, found);
}
