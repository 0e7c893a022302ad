import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { fillDiskAt } from "../../kit/tests/full-disk.ts";
import { resourceTypes } from "../resource-types.ts";
import { invoke, readLog } from "./support/aws-requests.ts";
import { CLOUDWATCH_TYPES, createAlarm, putMinutes } from "./support/cloudwatch.ts";
import { createAws, createCode, createFunction, toPolicy, TYPES } from "./support/local-aws.ts";
import type { Made, Properties } from "./support/provider-client.ts";
import { QUEUE_TYPES, toRedrivePolicy } from "./support/queues.ts";

/** What was made before, by the name of its step. */
type World = (name: string) => Made;

interface Step {
  type: string;
  inputs: (world: World) => Properties | Promise<Properties>;
  /** Inputs that an update changes. */
  changed?: Properties;
}

const arnOf = (made: Made): string => String(made.outputs["arn"]);
const bucketOf = (world: World) => ({ bucket: world("bucket").id });
const queueOf = (world: World) => ({ queueUrl: world("queue").id });
const anyone = toPolicy({ Principal: "*", Action: "sqs:SendMessage", Resource: "*" });

/** One of each type that can be made, in an order in which each finds what it needs. */
const steps: Record<string, Step> = {
  role: {
    type: TYPES.role,
    inputs: () => ({
      assumeRolePolicy: toPolicy({ Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }),
    }),
    changed: { description: "another" },
  },
  rolePolicy: {
    type: TYPES.rolePolicy,
    inputs: (world) => ({ role: world("role").id, policy: toPolicy({ Action: "sqs:*", Resource: "*" }) }),
    changed: { policy: toPolicy({ Action: ["sqs:*", "logs:*"], Resource: "*" }) },
  },
  policy: {
    type: "aws:iam/policy:Policy",
    inputs: () => ({ policy: toPolicy({ Action: "logs:*", Resource: "*" }) }),
    changed: { policy: toPolicy({ Action: "sns:*", Resource: "*" }) },
  },
  attachment: {
    type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    inputs: (world) => ({ role: world("role").id, policyArn: arnOf(world("policy")) }),
  },
  identities: {
    type: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    inputs: () => ({ url: "https://example.com", clientIdLists: ["one"] }),
  },
  function: {
    type: TYPES.function,
    inputs: async (world) => ({
      name: "bot",
      code: await createCode("export const handler = async () => 1;"),
      handler: "index.handler",
      runtime: "nodejs24.x",
      role: arnOf(world("role")),
      publish: true,
    }),
    changed: { timeout: 9 },
  },
  alias: {
    type: TYPES.alias,
    inputs: (world) => ({ name: "live", functionName: world("function").id, functionVersion: "1" }),
    changed: { description: "another" },
  },
  permission: {
    type: TYPES.permission,
    inputs: (world) => ({
      action: "lambda:InvokeFunction",
      function: world("function").id,
      principal: "apigateway.amazonaws.com",
    }),
  },
  api: { type: TYPES.api, inputs: () => ({ protocolType: "HTTP" }), changed: { description: "another" } },
  integration: {
    type: TYPES.integration,
    inputs: (world) => ({
      apiId: world("api").id,
      integrationType: "AWS_PROXY",
      integrationUri: world("alias").outputs["invokeArn"],
      payloadFormatVersion: "2.0",
    }),
    changed: { timeoutMilliseconds: 5000 },
  },
  route: {
    type: TYPES.route,
    inputs: (world) => ({
      apiId: world("api").id,
      routeKey: "POST /webhook",
      target: `integrations/${world("integration").id}`,
    }),
    changed: { operationName: "webhook" },
  },
  stage: {
    type: TYPES.stage,
    inputs: (world) => ({ apiId: world("api").id, name: "$default", autoDeploy: true }),
    changed: { description: "another" },
  },
  secret: { type: TYPES.secret, inputs: () => ({ recoveryWindowInDays: 0 }), changed: { description: "another" } },
  secretVersion: {
    type: TYPES.secretVersion,
    inputs: (world) => ({ secretId: world("secret").id, secretString: "one" }),
  },
  deadLetters: { type: QUEUE_TYPES.queue, inputs: () => ({}), changed: { delaySeconds: 5 } },
  queue: { type: QUEUE_TYPES.queue, inputs: () => ({}), changed: { delaySeconds: 5 } },
  queuePolicy: { type: QUEUE_TYPES.queuePolicy, inputs: (world) => ({ ...queueOf(world), policy: anyone }) },
  redrivePolicy: {
    type: QUEUE_TYPES.redrivePolicy,
    inputs: (world) => ({ ...queueOf(world), redrivePolicy: toRedrivePolicy(world("deadLetters")) }),
  },
  redriveAllowPolicy: {
    type: QUEUE_TYPES.redriveAllowPolicy,
    inputs: (world) => ({
      queueUrl: world("deadLetters").id,
      redriveAllowPolicy: JSON.stringify({ redrivePermission: "allowAll" }),
    }),
  },
  mapping: {
    type: QUEUE_TYPES.mapping,
    inputs: (world) => ({ eventSourceArn: arnOf(world("queue")), functionName: world("function").id, enabled: false }),
    changed: { batchSize: 2 },
  },
  table: {
    type: "aws:dynamodb/table:Table",
    inputs: () => ({ billingMode: "PAY_PER_REQUEST", hashKey: "id", attributes: [{ name: "id", type: "S" }] }),
    changed: { ttl: { enabled: true, attributeName: "until" } },
  },
  logGroup: { type: TYPES.logGroup, inputs: () => ({}), changed: { retentionInDays: 7 } },
  metricFilter: {
    type: CLOUDWATCH_TYPES.metricFilter,
    inputs: (world) => ({
      logGroupName: world("logGroup").id,
      pattern: "ERROR",
      metricTransformation: { name: "Errors", namespace: "Test", value: "1" },
    }),
    changed: { pattern: "WARN" },
  },
  topic: { type: CLOUDWATCH_TYPES.topic, inputs: () => ({}), changed: { displayName: "another" } },
  topicPolicy: {
    type: CLOUDWATCH_TYPES.topicPolicy,
    inputs: (world) => ({
      arn: world("topic").id,
      policy: toPolicy({ Principal: "*", Action: "sns:Publish", Resource: world("topic").id }),
    }),
  },
  subscription: {
    type: CLOUDWATCH_TYPES.topicSubscription,
    inputs: (world) => ({ topic: world("topic").id, protocol: "email", endpoint: "ops@example.com" }),
  },
  alarm: {
    type: CLOUDWATCH_TYPES.alarm,
    inputs: () => ({
      namespace: "Test",
      metricName: "Errors",
      period: 60,
      statistic: "Sum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      evaluationPeriods: 1,
    }),
    changed: { threshold: 1 },
  },
  dashboard: {
    type: CLOUDWATCH_TYPES.dashboard,
    inputs: () => ({ dashboardName: "bot", dashboardBody: '{"widgets":[]}' }),
    changed: { dashboardBody: '{"widgets":[],"start":"-PT1H"}' },
  },
  key: { type: "aws:kms/key:Key", inputs: () => ({ deletionWindowInDays: 7 }), changed: { description: "another" } },
  keyAlias: {
    type: "aws:kms/alias:Alias",
    inputs: (world) => ({ name: "alias/bot", targetKeyId: world("key").id }),
  },
  bucket: { type: "aws:s3/bucket:Bucket", inputs: () => ({ bucket: "bot-state" }) },
  versioning: {
    type: "aws:s3/bucketVersioning:BucketVersioning",
    inputs: (world) => ({ ...bucketOf(world), versioningConfiguration: { status: "Enabled" } }),
    changed: { versioningConfiguration: { status: "Suspended" } },
  },
  lifecycle: {
    type: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    inputs: (world) => ({
      ...bucketOf(world),
      rules: [{ id: "old", status: "Enabled", filter: {}, expiration: { days: 30 } }],
    }),
  },
  ownership: {
    type: "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    inputs: (world) => ({ ...bucketOf(world), rule: { objectOwnership: "BucketOwnerEnforced" } }),
  },
  bucketPolicy: {
    type: "aws:s3/bucketPolicy:BucketPolicy",
    inputs: (world) => ({
      ...bucketOf(world),
      policy: toPolicy({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::bot-state/*" }),
    }),
  },
  accessBlock: {
    type: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    inputs: (world) => ({ ...bucketOf(world), blockPublicAcls: true }),
  },
  encryption: {
    type: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    inputs: (world) => ({
      ...bucketOf(world),
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }],
    }),
  },
};

test("a write that fails on a full disk leaves each resource as it was: the same call succeeds later", async () => {
  const aws = await createAws();
  const made = new Map<string, Made>();
  const world: World = (name) => {
    const found = made.get(name);
    if (!found) throw new Error(`${name} was not made yet`);
    return found;
  };
  /** Fails each write of the call in turn, until it has no more of them. */
  const withFullDisk = async <T>(call: () => Promise<T>): Promise<{ result: T; failures: number }> => {
    for (let failures = 0; ; failures += 1) {
      using disk = fillDiskAt(aws.dataDir, failures + 1);
      try {
        return { result: await call(), failures };
      } catch (error) {
        // Only the disk may fail it: no "already exists" of what was not made.
        if (!disk.struck || !String(error).includes("ENOSPC")) throw error;
      }
    }
  };
  const failed: Record<string, number> = {};

  for (const [name, { type, inputs }] of Object.entries(steps)) {
    const given = await inputs(world);
    const { result, failures } = await withFullDisk(() => aws.provider.create(type, name, given));
    made.set(name, result);
    failed[name] = failures;
    expect((await aws.provider.read(result))?.id).toBe(result.id);
  }
  for (const [name, { inputs, changed }] of Object.entries(steps)) {
    if (changed === undefined) continue;
    const news = { ...world(name).inputs, ...(await inputs(world)), ...changed };
    const { result } = await withFullDisk(() => aws.provider.update(world(name), news));
    made.set(name, result);
    expect((await aws.provider.diff(result, news)).changes).toBe(false);
  }
  for (const name of Object.keys(steps).toReversed()) await withFullDisk(() => aws.provider.delete(world(name)));

  expect(new Set(Object.values(steps).map(({ type }) => type))).toEqual(
    new Set(resourceTypes.map(({ token }) => token)),
  );
  expect(Object.entries(failed).filter(([, failures]) => failures === 0)).toEqual([]);
  await aws.close();
  expect(await listRecords(aws.dataDir)).toEqual([]);
});

test("log lines that a full disk refuses are written with the next ones", async () => {
  const aws = await createAws();
  const fn = await createFunction(aws, "export const handler = async (event) => console.log(event.text);");
  const group = `/aws/lambda/${fn.id}`;
  await invoke(aws, fn.id, { text: "first" });
  await readLog(aws, group);

  using disk = fillDiskAt(path.join(aws.dataDir, "logs"), 1);
  await invoke(aws, fn.id, { text: "second" });
  await vi.waitFor(() => expect(disk.struck).toBe(true));
  await invoke(aws, fn.id, { text: "third" });

  const texts = (await readLog(aws, group)).filter((line) => /first|second|third/.test(line));
  expect(texts.map((line) => line.match(/first|second|third/)?.[0])).toEqual(["first", "second", "third"]);
});

test("an alarm whose state a full disk refuses goes off at the next look", async () => {
  const aws = await createAws({ alarmsEveryMs: 20 });
  const topic = await aws.provider.create(CLOUDWATCH_TYPES.topic, "topic", {});
  await createAlarm(aws, "Errors", { alarmActions: [topic.id] });

  using disk = fillDiskAt(path.join(aws.dataDir, "cloudwatch"), 1);
  // The last minutes that are over, wherever in its minute the test runs.
  await putMinutes(aws, "Errors", [...Array<undefined>(87).fill(undefined), 1, 1, 1, 1]);
  const trace = await aws.waitForTrace((one) => one.kind === "alarm" && one.to === "ALARM");

  expect(disk.struck).toBe(true);
  expect(trace).toMatchObject({ name: expect.stringContaining("alarm-") as unknown });
});

/** What is left in the files of the collections, but for the secrets' which nobody can read. */
async function listRecords(folder: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(
    files.map(async (name) => [name, await readFile(path.join(folder, name), "utf8")] as const),
  );
  return texts.flatMap(([name, text]) =>
    text.startsWith("{") && !/^tls|packages/.test(name)
      ? Object.keys(JSON.parse(text) as object).map((key) => `${name} ${key}`)
      : [],
  );
}
