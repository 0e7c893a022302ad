import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  type AttributeValue,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";

/** DynamoDB in this process, one for all tests of a file: each takes a table of its own. */
let server: Promise<URL> | undefined;
let tables = 0;

async function startServer(): Promise<URL> {
  const started = dynalite({ createTableMs: 0 }).listen(0, "127.0.0.1");
  await once(started, "listening");
  started.unref();
  return new URL(`http://127.0.0.1:${(started.address() as AddressInfo).port}`);
}

/** A table of events as the infrastructure makes it. */
export async function createEventsTable() {
  const url = await (server ??= startServer());
  const client = new DynamoDBClient({
    endpoint: url.href,
    region: "ap-northeast-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  });
  const TableName = `events-${(tables += 1)}`;
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    }),
  );
  return {
    name: TableName,
    url,
    put: (Item: Record<string, AttributeValue>) => client.send(new PutItemCommand({ TableName, Item })),
    /** All that it holds. */
    items: async () => (await client.send(new ScanCommand({ TableName }))).Items ?? [],
  };
}

export type EventsTable = Awaited<ReturnType<typeof createEventsTable>>;
