import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AccessKey } from "../sts/access-keys.ts";
import { createAws, createRole, shareAws, toPolicy, TYPES, type TestAws } from "./support/local-aws.ts";
import type { Made, Properties } from "./support/provider-client.ts";
import { createCaller, toClientConfig } from "./support/queues.ts";

const aws = shareAws();
const TABLE = "aws:dynamodb/table:Table";
const onDemand = {
  attributes: [{ name: "id", type: "S" }],
  hashKey: "id",
  billingMode: "PAY_PER_REQUEST",
};

async function createTable(more: Properties = {}, on: TestAws = aws): Promise<Made> {
  return on.provider.create(TABLE, `table-${++tables}`, { ...onDemand, ...more });
}
let tables = 0;

function createClient(on: Pick<TestAws, "aws"> = aws, accessKey?: AccessKey): DynamoDBClient {
  const client = new DynamoDBClient(toClientConfig(on, accessKey));
  onTestFinished(() => client.destroy());
  return client;
}

function put({ id: TableName }: Made, id: string, more: object = {}): PutItemCommand {
  return new PutItemCommand({ TableName, Item: { id: { S: id } }, ...more });
}

function get({ id: TableName }: Made, id: string): GetItemCommand {
  return new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true });
}

describe("a table as a resource", () => {
  test("has AWS's ARN and id, and no capacity of its own on demand", async () => {
    const { id, outputs } = await createTable({ name: "made" });

    expect(id).toBe("made");
    expect(outputs).toMatchObject({
      arn: "arn:aws:dynamodb:ap-northeast-1:000000000000:table/made",
      hashKey: "id",
      readCapacity: 0,
      writeCapacity: 0,
      streamArn: "",
    });
  });

  test("is found again by its name, changes its settings in place, and goes with its items", async () => {
    const client = createClient();
    const table = await createTable({ name: "lived", ttl: { attributeName: "expiration", enabled: true } });
    await client.send(put(table, "1"));

    const imported = await aws.provider.read({ type: TABLE, name: "imported", id: "lived" });
    const { ttl: _, ...inputs } = table.inputs;
    const changed = await aws.provider.update(table, { ...inputs, pointInTimeRecovery: { enabled: true } });
    const ttl = await client.send(new DescribeTimeToLiveCommand({ TableName: "lived" }));
    const backups = await client.send(new DescribeContinuousBackupsCommand({ TableName: "lived" }));
    const kept = await client.send(get(table, "1"));
    await aws.provider.delete(changed);
    await createTable({ name: "lived" });

    expect(imported?.outputs).toEqual(table.outputs);
    expect(ttl.TimeToLiveDescription).toEqual({ TimeToLiveStatus: "DISABLED" });
    expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe(
      "ENABLED",
    );
    expect(kept.Item).toEqual({ id: { S: "1" } });
    expect((await client.send(get(table, "1"))).Item).toBeUndefined();
  });

  test("is not deleted while it is protected", async () => {
    const table = await createTable({ deletionProtectionEnabled: true });

    await expect(aws.provider.delete(table)).rejects.toThrow(/protected against deletion/);
    const open = await aws.provider.update(table, { ...table.inputs, deletionProtectionEnabled: false });
    await aws.provider.delete(open);

    expect(await aws.provider.read(table)).toBeUndefined();
  });

  test.each<[string, Properties, RegExp]>([
    ["a name that is taken", { name: "taken" }, /ResourceInUseException/],
    ["a name that is too short", { name: "ab" }, /at least 3 characters/],
    ["a key without a type", { hashKey: "other" }, /other is not among attributes/],
    [
      "an attribute that nothing needs",
      { attributes: [...onDemand.attributes, { name: "more", type: "S" }] },
      /unused attribute: more/,
    ],
    ["capacity on demand", { readCapacity: 5 }, /readCapacity cannot be set/],
    ["provisioned capacity of nothing", { billingMode: "PROVISIONED" }, /readCapacity must be at least 1/],
    ["a time to live of no attribute", { ttl: { enabled: true } }, /ttl.attributeName/],
    [
      "a stream, which is not simulated",
      { streamEnabled: true, streamViewType: "KEYS_ONLY" },
      /does not simulate streamEnabled/,
    ],
  ])("refuses %s", async (_, more, message) => {
    if (more["name"] === "taken") await createTable({ name: "taken" });

    await expect(createTable(more)).rejects.toThrow(message);
  });

  test("makes its indexes with itself only", async () => {
    const client = createClient();
    const attributes = [...onDemand.attributes, { name: "of", type: "S" }];
    const globalSecondaryIndexes = [{ name: "by-of", hashKey: "of", projectionType: "ALL" }];
    const table = await createTable({ attributes, globalSecondaryIndexes });
    await client.send(put(table, "1", { Item: { id: { S: "1" }, of: { S: "x" } } }));

    const found = await client.send(
      new QueryCommand({
        TableName: table.id,
        IndexName: "by-of",
        KeyConditionExpression: "#of = :of",
        ExpressionAttributeNames: { "#of": "of" },
        ExpressionAttributeValues: { ":of": { S: "x" } },
      }),
    );

    expect(found.Items).toEqual([{ id: { S: "1" }, of: { S: "x" } }]);
    const update = aws.provider.update(table, { ...table.inputs, ...onDemand, globalSecondaryIndexes: [] });
    await expect(update).rejects.toThrow(/indexes with their table only/);
  });
});

describe("items", () => {
  test("are written under a condition, by one of those who try at the same time", async () => {
    const client = createClient();
    const table = await createTable();
    const claim = (owner: number) =>
      client.send(
        put(table, "1", {
          Item: { id: { S: "1" }, owner: { N: String(owner) } },
          ConditionExpression: "attribute_not_exists(id)",
        }),
      );

    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, owner) => claim(owner)));

    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(19);
    expect(refused).toMatchObject(refused.map(() => ({ reason: { name: "ConditionalCheckFailedException" } })));
    const winner = outcomes.findIndex(({ status }) => status === "fulfilled");
    expect((await client.send(get(table, "1"))).Item?.["owner"]).toEqual({ N: String(winner) });
  });

  test("are shown by a condition that failed, to those who ask for it", async () => {
    const client = createClient();
    const table = await createTable();
    await client.send(put(table, "1", { Item: { id: { S: "1" }, state: { S: "done" } } }));
    const condition = { ConditionExpression: "attribute_not_exists(id)" };

    const asking = client.send(put(table, "1", { ...condition, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }));
    const silent = client.send(put(table, "1", condition));

    await expect(Promise.allSettled([asking, silent])).resolves.toMatchObject([
      { reason: { Item: { id: { S: "1" }, state: { S: "done" } } } },
      { reason: { Item: undefined } },
    ]);
  });

  test("change, go and are looked for", async () => {
    const client = createClient();
    const table = await createTable();
    const requests = ["1", "2", "3"].map((id) => ({ PutRequest: { Item: { id: { S: id }, n: { N: "1" } } } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [table.id]: requests } }));

    const { Attributes } = await client.send(
      new UpdateItemCommand({
        TableName: String(table.outputs["arn"]),
        Key: { id: { S: "1" } },
        UpdateExpression: "SET n = n + :by",
        ExpressionAttributeValues: { ":by": { N: "41" } },
        ReturnValues: "UPDATED_NEW",
      }),
    );
    await client.send(new DeleteItemCommand({ TableName: table.id, Key: { id: { S: "2" } } }));
    const scanned = await client.send(new ScanCommand({ TableName: table.id }));
    const Keys = [{ id: { S: "1" } }, { id: { S: "2" } }];
    const got = await client.send(new BatchGetItemCommand({ RequestItems: { [table.id]: { Keys } } }));

    expect(Attributes).toEqual({ n: { N: "42" } });
    expect(new Set(scanned.Items?.map(({ id }) => id?.S))).toEqual(new Set(["1", "3"]));
    expect(got.Responses?.[table.id]).toEqual([{ id: { S: "1" }, n: { N: "42" } }]);
  });

  test("outlive a restart", async () => {
    const first = await createAws();
    const table = await createTable({}, first);
    await createClient(first).send(put(table, "1"));
    await first.close();

    const second = await createAws({ dataDir: first.dataDir });

    expect((await createClient(second).send(get(table, "1"))).Item).toEqual({ id: { S: "1" } });
  });

  test("are deleted some time after theirs is over, and not before", async () => {
    const first = await createAws();
    const table = await createTable({ ttl: { attributeName: "expiration", enabled: true } }, first);
    const now = Math.floor(Date.now() / 1000);
    const times = {
      over: now - 3600,
      "just over": now - 1,
      "to come": now + 3600,
      "too long ago": now - 6 * 365 * 86_400,
    };
    for (const [id, time] of Object.entries(times))
      await createClient(first).send(put(table, id, { Item: { id: { S: id }, expiration: { N: String(time) } } }));
    await createClient(first).send(put(table, "no time"));
    await createClient(first).send(put(table, "text", { Item: { id: { S: "text" }, expiration: { S: "1" } } }));
    const early = await createClient(first).send(get(table, "over"));
    await first.close();

    const second = await createAws({ dataDir: first.dataDir });
    await second.waitForTrace((trace) => trace.kind === "expired" && trace.table === table.id && trace.items === 1);
    const { Items = [] } = await createClient(second).send(new ScanCommand({ TableName: table.id }));
    const ttl = await createClient(second).send(new DescribeTimeToLiveCommand({ TableName: table.id }));

    expect(early.Item).toBeDefined();
    expect(new Set(Items.map(({ id }) => id?.S))).toEqual(
      new Set(["just over", "no time", "text", "to come", "too long ago"]),
    );
    expect(ttl.TimeToLiveDescription).toEqual({ TimeToLiveStatus: "ENABLED", AttributeName: "expiration" });
  });
});

describe("calls about tables", () => {
  test("describe and list them", async () => {
    const client = createClient();
    const { id: TableName, outputs } = await createTable({ name: "listed", deletionProtectionEnabled: true });

    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const { TableNames } = await client.send(new ListTablesCommand());

    expect(Table).toMatchObject({
      TableName,
      TableArn: outputs["arn"],
      TableStatus: "ACTIVE",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
      DeletionProtectionEnabled: true,
    });
    expect(TableNames).toContain("listed");
  });

  test("answer with the errors that the client knows, and say what is not simulated", async () => {
    const client = createClient();
    const table = await createTable();
    const transaction = new TransactWriteItemsCommand({
      TransactItems: [{ Put: { TableName: table.id, Item: { id: { S: "1" } } } }],
    });

    await expect(client.send(get({ id: "none" } as Made, "1"))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    await expect(client.send(put(table, ""))).rejects.toMatchObject({ name: "ValidationException" });
    await expect(client.send(transaction)).rejects.toThrow(/TransactWriteItems is not simulated/);
  });

  test("are decided by a function's role, table by table", async () => {
    const table = await createTable();
    const other = await createTable();
    const role = await createRole(aws, ["logs:*"]);
    await aws.provider.create(TYPES.rolePolicy, "items", {
      role: role.id,
      policy: toPolicy({ Action: ["dynamodb:PutItem", "dynamodb:BatchGetItem"], Resource: table.outputs["arn"] }),
    });
    const client = createClient(aws, (await createCaller(aws, role)).accessKey);
    const Keys = [{ id: { S: "1" } }];
    const both = { [table.id]: { Keys }, [other.id]: { Keys } };

    await client.send(put(table, "1"));
    await client.send(new BatchGetItemCommand({ RequestItems: { [table.id]: { Keys } } }));

    await expect(client.send(get(table, "1"))).rejects.toThrow(/not authorized to perform: dynamodb:GetItem/);
    await expect(client.send(put(other, "1"))).rejects.toThrow(/not authorized to perform: dynamodb:PutItem/);
    await expect(client.send(new BatchGetItemCommand({ RequestItems: both }))).rejects.toThrow(/not authorized/);
  });

  test("are throttled or fail where a test orders it", async () => {
    const client = createClient();
    const table = await createTable();

    const endThrottle = aws.aws.faults.throttle({ service: "dynamodb", operation: "PutItem" });
    await expect(client.send(put(table, "1"))).rejects.toMatchObject({
      name: "ProvisionedThroughputExceededException",
    });
    await client.send(get(table, "1"));
    endThrottle();
    const endFailure = aws.aws.faults.fail({ service: "dynamodb" });
    await expect(client.send(get(table, "1"))).rejects.toMatchObject({ name: "InternalServerError" });
    endFailure();

    await client.send(put(table, "1"));
  });
});
