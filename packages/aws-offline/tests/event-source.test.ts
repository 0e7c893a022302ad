import { ChangeMessageVisibilityCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AwsTrace } from "../aws.ts";
import { invoke } from "./support/aws-requests.ts";
import {
  createAws,
  createFunction,
  createRole,
  createTempFolder,
  shareAws,
  toPolicy,
  TYPES,
  type TestAws,
} from "./support/local-aws.ts";
import type { Made, Properties } from "./support/provider-client.ts";
import {
  bodiesOf,
  createPair,
  createQueue,
  createSqs,
  QUEUE_TYPES,
  receiveAll,
  sendAll,
  waitForMessages,
} from "./support/queues.ts";

const shared = shareAws();

/** Every message that a function gets is a line of its log: `<body>#<receive count>`; one more has its handle. */
const LOG = `const log = ({ Records }) => {
  for (const { body, attributes, receiptHandle } of Records) {
    console.log("handle-of-" + body + " " + receiptHandle);
    console.log("got " + body + "#" + attributes.ApproximateReceiveCount);
  }
};`;

/** For a function, and for the time in which its messages are hidden: no test waits until it is over. */
const LONG_SECONDS = 600;

interface Mapped {
  queue: Made;
  deadLetters: Made;
  fn: Made;
  mapping: Made;
  role: Made;
}

/** A FIFO queue with dead letters, mapped to a function with this code. */
async function createMapped(
  aws: TestAws,
  code: string,
  more: { queue?: Properties; fn?: Properties; mapping?: Properties; maxReceives?: number } = {},
): Promise<Mapped> {
  const role = await createRole(aws, ["logs:*", "sqs:*"]);
  const pair = await createPair(aws, more.maxReceives ?? 3, {
    visibilityTimeoutSeconds: LONG_SECONDS,
    ...more.queue,
  });
  const fn = await createFunction(aws, `${LOG}\n${code}`, {
    role: role.outputs["arn"],
    timeout: LONG_SECONDS,
    ...more.fn,
  });
  const mapping = await createMapping(aws, pair.queue, fn, more.mapping);
  return { ...pair, fn, mapping, role };
}

function createMapping({ provider }: TestAws, queue: Made, fn: Made, more: Properties = {}): Promise<Made> {
  return provider.create(QUEUE_TYPES.mapping, "mapping", {
    eventSourceArn: queue.outputs["arn"],
    functionName: fn.id,
    functionResponseTypes: ["ReportBatchItemFailures"],
    ...more,
  });
}

type Batch = Extract<AwsTrace, { kind: "batch" }>;

/** Batches of a queue, once they are this many. */
async function waitForBatches(aws: TestAws, { outputs }: Made, count: number): Promise<Batch[]> {
  const batches = () =>
    aws.traces.filter((trace): trace is Batch => trace.kind === "batch" && trace.queue === outputs["name"]);
  await aws.waitForTrace(() => batches().length >= count);
  return batches();
}

/** What a function logged after a word, in order. */
function loggedBy(aws: TestAws, { id }: Made, word: string): string[] {
  return aws.traces.flatMap((trace) => {
    if (trace.kind !== "log" || trace.logGroup !== `/aws/lambda/${id}`) return [];
    const [, text] = new RegExp(`\\t${word} (.*)\\n?$`).exec(trace.message) ?? [];
    return text === undefined ? [] : [text];
  });
}

/** What a function got, in order. */
const gotBy = (aws: TestAws, fn: Made): string[] => loggedBy(aws, fn, "got");

/** Shows a message again that a function got, as the end of its visibility timeout does. */
async function showAgain(aws: TestAws, { id: QueueUrl }: Made, fn: Made, body: string): Promise<void> {
  const ReceiptHandle = loggedBy(aws, fn, `handle-of-${body}`).at(-1);
  await createSqs(aws).send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
}

async function waitForGot(aws: TestAws, fn: Made, got: string): Promise<void> {
  await aws.waitForTrace(() => gotBy(aws, fn).includes(got));
}

describe("an event source mapping", () => {
  test("gives the function AWS's event, and deletes what it did", async () => {
    const { queue, mapping, fn } = await createMapped(
      shared,
      "export const handler = async (event) => { console.log('event ' + JSON.stringify(event)); };",
    );
    await sendAll(createSqs(shared), queue, ["group-a/hello"]);

    await waitForBatches(shared, queue, 1);

    const line = shared.traces.find((trace) => trace.kind === "log" && /\tevent \{/.test(trace.message));
    const event = JSON.parse(line?.kind === "log" ? (line.message.split("\tevent ")[1] ?? "") : "") as object;
    expect(event).toEqual({
      Records: [
        {
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
          receiptHandle: expect.any(String) as string,
          body: "hello",
          attributes: {
            ApproximateReceiveCount: "1",
            SentTimestamp: expect.stringMatching(/^\d{13}$/) as string,
            SequenceNumber: expect.stringMatching(/^\d{20}$/) as string,
            MessageGroupId: "group-a",
            SenderId: "000000000000",
            MessageDeduplicationId: "group-a-hello",
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/) as string,
          },
          messageAttributes: {},
          md5OfBody: "5d41402abc4b2a76b9719d911017c592",
          eventSource: "aws:sqs",
          eventSourceARN: queue.outputs["arn"],
          awsRegion: "ap-northeast-1",
        },
      ],
    });
    expect(mapping.outputs).toMatchObject({ state: "Enabled", functionArn: fn.outputs["arn"], uuid: mapping.id });
    expect(await receiveAll(createSqs(shared), queue)).toEqual([]);
  });

  test("has one batch of a group in work at a time, and groups side by side", async () => {
    const meeting = await createTempFolder();
    const { queue, fn } = await createMapped(
      shared,
      `import { existsSync, writeFileSync } from "node:fs";
      const at = (name) => ${JSON.stringify(`${meeting}/`)} + name;
      export const handler = async ({ Records: [{ body }] }) => {
        console.log("got start " + body);
        writeFileSync(at(body), "");
        while (!["a1", "b1"].every((name) => existsSync(at(name)))) await new Promise((done) => setTimeout(done, 5));
        console.log("got end " + body);
      };`,
      { mapping: { batchSize: 1, scalingConfig: { maximumConcurrency: 2 } } },
    );
    await sendAll(createSqs(shared), queue, ["a/a1", "a/a2", "b/b1", "b/b2"]);

    await waitForBatches(shared, queue, 4);

    const got = gotBy(shared, fn);
    for (const group of ["a", "b"])
      expect(got.filter((line) => line.includes(` ${group}`))).toEqual(
        [1, 2].flatMap((n) => [`start ${group}${n}`, `end ${group}${n}`]),
      );
  });

  test("has as many batches in work as groups have messages, when its concurrency allows that", async () => {
    const meeting = await createTempFolder();
    const groups = Array.from("abcdef");
    const { queue } = await createMapped(
      shared,
      `import { readdirSync, writeFileSync } from "node:fs";
      export const handler = async ({ Records: [{ body }] }) => {
        writeFileSync(${JSON.stringify(`${meeting}/`)} + body, "");
        while (readdirSync(${JSON.stringify(meeting)}).length < ${groups.length}) await new Promise((done) => setTimeout(done, 5));
      };`,
      { mapping: { batchSize: 1, scalingConfig: { maximumConcurrency: 20 } } },
    );

    await sendAll(
      createSqs(shared),
      queue,
      groups.map((group) => `${group}/${group}`),
    );

    expect((await waitForBatches(shared, queue, groups.length)).map(({ failed }) => failed)).toEqual(
      groups.map(() => 0),
    );
  });

  test("has no more batches in work than its concurrency", async () => {
    const { queue } = await createMapped(
      shared,
      "export const handler = () => new Promise((done) => setTimeout(done, 100));",
      { mapping: { batchSize: 1, scalingConfig: { maximumConcurrency: 2 } } },
    );
    const before = shared.traces.length;
    await sendAll(
      createSqs(shared),
      queue,
      Array.from("abcdefgh", (group) => `${group}/1`),
    );

    await waitForBatches(shared, queue, 8);

    const cold = shared.traces.slice(before).filter((trace) => trace.kind === "invocation" && trace.start === "cold");
    expect(cold).toHaveLength(2);
  });

  test("brings large messages in batches that an event can hold", async () => {
    const { queue, mapping } = await createMapped(shared, "export const handler = async () => {};", {
      queue: { maxMessageSize: 1024 * 1024 },
      mapping: { enabled: false },
    });
    const client = createSqs(shared);
    for (const MessageDeduplicationId of ["1", "2", "3", "4", "5", "6", "7"]) {
      const message = { MessageBody: '"'.repeat(1_000_000), MessageGroupId: "a", MessageDeduplicationId };
      await client.send(new SendMessageCommand({ QueueUrl: queue.id, ...message }));
    }

    await shared.provider.update(mapping, { ...mapping.inputs, enabled: true });
    const batches = await waitForBatches(shared, queue, 3);

    expect(batches.map(({ messages, failed }) => [messages, failed])).toEqual([
      [3, 0],
      [3, 0],
      [1, 0],
    ]);
  });

  test("brings again only what the function reports as failed", async () => {
    const { queue, fn } = await createMapped(
      shared,
      `let first = true;
      export const handler = async (event) => {
        log(event);
        const failed = first ? event.Records.filter(({ body }) => body !== "good") : [];
        first = false;
        return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      };`,
    );
    await sendAll(createSqs(shared), queue, ["a/bad", "b/good", "a/later"]);

    await waitForBatches(shared, queue, 1);
    for (const body of ["bad", "later"]) await showAgain(shared, queue, fn, body);
    await waitForBatches(shared, queue, 2);

    const got = gotBy(shared, fn);
    expect(got.slice(0, 3).sort()).toEqual(["bad#1", "good#1", "later#1"]);
    expect(got.slice(3)).toEqual(["bad#2", "later#2"]);
  });

  test("brings a message that always fails to the dead letters, and the group goes on", async () => {
    const { queue, fn, deadLetters } = await createMapped(
      shared,
      `export const handler = async (event) => {
        log(event);
        const failed = event.Records.filter(({ body }) => body === "poison");
        return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      };`,
      { mapping: { batchSize: 1 }, maxReceives: 2 },
    );
    const client = createSqs(shared);
    await sendAll(client, queue, ["a/poison", "a/good"]);

    for (const receives of [1, 2]) {
      await waitForBatches(shared, queue, receives);
      await showAgain(shared, queue, fn, "poison");
    }
    const dead = await waitForMessages(client, deadLetters);
    await waitForGot(shared, fn, "good#1");

    expect(bodiesOf(dead)).toEqual(["poison"]);
    expect(gotBy(shared, fn)).toEqual(["poison#1", "poison#2", "good#1"]);
  });

  test.each([
    ["nothing", "undefined", 0],
    ["null as its report", "{ batchItemFailures: null }", 0],
    ["an empty report", "{ batchItemFailures: [] }", 0],
    ["something without a report", "{ done: true }", 0],
    ["the id of no message", "{ batchItemFailures: [{ itemIdentifier: 'other' }] }", 2],
    ["an empty id", "{ batchItemFailures: [{ itemIdentifier: '' }] }", 2],
    ["an id under a wrong name", "{ batchItemFailures: [{ id: event.Records[0].messageId }] }", 2],
    ["a report that is no list", "{ batchItemFailures: 'all' }", 2],
    ["an error", "Promise.reject(new Error('failed'))", 2],
  ])("takes a function that answers %s as AWS does", async (_, answer, failed) => {
    const { queue, mapping } = await createMapped(shared, `export const handler = async (event) => (${answer});`);
    await sendAll(createSqs(shared), queue, ["a/1", "a/2"]);

    const [batch] = await waitForBatches(shared, queue, 1);
    await shared.provider.delete(mapping);

    expect(batch).toMatchObject({ messages: 2, failed });
  });

  test("does not look at reports that it was not told of", async () => {
    const { queue } = await createMapped(
      shared,
      "export const handler = async () => ({ batchItemFailures: [{ itemIdentifier: 'other' }] });",
      { mapping: { functionResponseTypes: [] } },
    );
    await sendAll(createSqs(shared), queue, ["a/1"]);

    expect(await waitForBatches(shared, queue, 1)).toMatchObject([{ failed: 0 }]);
  });

  test("calls what the alias stands for", async () => {
    const role = await createRole(shared, ["logs:*", "sqs:*"]);
    const fn = await createFunction(shared, "export const handler = async () => {};", { role: role.outputs["arn"] });
    const alias = await shared.provider.create(TYPES.alias, "live", {
      name: "live",
      functionName: fn.id,
      functionVersion: fn.outputs["version"],
    });
    const queue = await createQueue(shared);
    await createMapping(shared, queue, fn, { functionName: alias.outputs["arn"] });
    await sendAll(createSqs(shared), queue, ["a/1"]);

    const [batch] = await waitForBatches(shared, queue, 1);

    expect(batch).toMatchObject({ functionArn: alias.outputs["arn"], failed: 0 });
    const invocation = shared.traces.findLast((trace) => trace.kind === "invocation");
    expect(invocation).toMatchObject({ functionName: fn.id, version: "1" });
  });

  test("calls a throttled function again, as long as the messages are its own", async () => {
    const folder = await createTempFolder();
    const { queue, fn } = await createMapped(
      shared,
      `import { existsSync } from "node:fs";
      export const handler = async (event) => {
        if (event.Records) return log(event);
        console.log("got call");
        while (!existsSync(${JSON.stringify(join(folder, "go"))})) await new Promise((done) => setTimeout(done, 5));
      };`,
      { fn: { reservedConcurrentExecutions: 1 } },
    );
    const call = invoke(shared, fn.id, {});
    await waitForGot(shared, fn, "call");
    await sendAll(createSqs(shared), queue, ["a/1"]);
    await shared.waitForTrace((trace) => trace.kind === "throttle" && trace.queue === queue.outputs["name"]);

    await writeFile(join(folder, "go"), "");
    await waitForBatches(shared, queue, 1);
    await call;

    expect(gotBy(shared, fn)).toEqual(["call", "1#1"]);
  });

  test("gives up on a throttled function when the messages show themselves, and loses nothing", async () => {
    const { queue, fn } = await createMapped(shared, "export const handler = async (event) => { log(event); };", {
      queue: { visibilityTimeoutSeconds: 1 },
      fn: { reservedConcurrentExecutions: 0, timeout: 1 },
      maxReceives: 1000,
    });
    await sendAll(createSqs(shared), queue, ["a/1"]);
    const [throttled] = await waitForBatches(shared, queue, 1);

    await shared.provider.update(queue, { ...queue.inputs, visibilityTimeoutSeconds: LONG_SECONDS });
    const { reservedConcurrentExecutions: _, ...inputs } = fn.inputs;
    await shared.provider.update(fn, { ...inputs, timeout: LONG_SECONDS });
    await shared.waitForTrace(
      (trace) => trace.kind === "batch" && trace.queue === queue.outputs["name"] && trace.failed === 0,
    );

    expect(throttled?.failed).toBe(1);
    // It was received as often as it was throttled, and once more.
    expect(gotBy(shared, fn)).toEqual([expect.stringMatching(/^1#([2-9]|\d\d+)$/)]);
  });

  test("brings a batch again whose worker was killed", async () => {
    const { queue, fn } = await createMapped(
      shared,
      `export const handler = async (event) => {
        log(event);
        if (event.Records[0].attributes.ApproximateReceiveCount === "1") await new Promise(() => {});
      };`,
    );
    await sendAll(createSqs(shared), queue, ["a/1"]);
    await waitForGot(shared, fn, "1#1");

    const killed = shared.aws.faults.killWorker(fn.id);
    await waitForBatches(shared, queue, 1);
    await showAgain(shared, queue, fn, "1");
    const batches = await waitForBatches(shared, queue, 2);

    expect(killed).toBe(true);
    expect(batches.map(({ failed }) => failed)).toEqual([1, 0]);
    expect(gotBy(shared, fn)).toEqual(["1#1", "1#2"]);
    expect(shared.aws.faults.killWorker(fn.id)).toBe(false);
  });
});

describe("the life of a mapping", () => {
  const echo = "export const handler = async (event) => { log(event); };";

  test("begins disabled where it is asked to, and follows each change at once", async () => {
    const { queue, fn, mapping } = await createMapped(shared, echo, { mapping: { enabled: false } });
    const client = createSqs(shared);
    await sendAll(client, queue, ["a/1"]);
    const whileDisabled = await receiveAll(client, queue, { VisibilityTimeout: 0 });

    const enabled = await shared.provider.update(mapping, { ...mapping.inputs, enabled: true });
    await waitForGot(shared, fn, "1#2");
    const disabled = await shared.provider.update(enabled, { ...enabled.inputs, enabled: false });
    await sendAll(client, queue, ["a/2"]);
    const afterwards = await waitForMessages(client, queue);

    expect(mapping.outputs["state"]).toBe("Disabled");
    expect(bodiesOf(whileDisabled)).toEqual(["1"]);
    expect([enabled, disabled].map(({ outputs }) => outputs["state"])).toEqual(["Enabled", "Disabled"]);
    expect(bodiesOf(afterwards)).toEqual(["2"]);
  });

  test("ends with it", async () => {
    const { queue, fn, mapping } = await createMapped(shared, echo);
    const client = createSqs(shared);
    await sendAll(client, queue, ["a/1"]);
    await waitForBatches(shared, queue, 1);

    await shared.provider.delete(mapping);
    await sendAll(client, queue, ["a/2"]);

    expect(bodiesOf(await waitForMessages(client, queue))).toEqual(["2"]);
    expect(gotBy(shared, fn)).toEqual(["1#1"]);
    expect(await shared.provider.read(mapping)).toBeUndefined();
  });

  test("goes to another version in place", async () => {
    const { queue, fn, mapping } = await createMapped(shared, echo);

    const change = { ...mapping.inputs, functionName: `${fn.id}:1`, batchSize: 5 };
    const difference = await shared.provider.diff(mapping, change);
    const updated = await shared.provider.update(mapping, change);
    await sendAll(createSqs(shared), queue, ["a/1"]);
    const [batch] = await waitForBatches(shared, queue, 1);

    expect(difference).toMatchObject({ diffs: ["batchSize", "functionName"], replaces: [] });
    expect((await shared.provider.diff(mapping, { ...mapping.inputs, functionName: fn.outputs["arn"] })).changes).toBe(
      false,
    );
    expect(updated.outputs["functionArn"]).toBe(`${String(fn.outputs["arn"])}:1`);
    expect(batch?.functionArn).toBe(`${String(fn.outputs["arn"])}:1`);
  });

  test("goes on after a restart with what came before it", async () => {
    const first = await createAws();
    const { queue, fn, mapping } = await createMapped(first, echo, { mapping: { enabled: false } });
    await sendAll(createSqs(first), queue, ["a/1", "a/2"]);
    await first.provider.update(mapping, { ...mapping.inputs, enabled: true });
    await first.close();

    const second = await createAws({ dataDir: first.dataDir });
    await Promise.race([waitForGot(second, fn, "2#1"), waitForGot(second, fn, "2#2")]);

    expect(gotBy(second, fn).map((got) => got.split("#")[0])).toEqual(["1", "2"]);
  });

  test("takes up what came before it only when it is told to, where events are held", async () => {
    const former = await createAws();
    const { queue, fn } = await createMapped(
      former,
      `export const handler = async (event) => { log(event); throw new Error("not yet"); };`,
    );
    await sendAll(createSqs(former), queue, ["a/1"]);
    await waitForBatches(former, queue, 1);
    await former.close();

    const next = await createAws({ dataDir: former.dataDir, holdEvents: true });
    const held = await receiveAll(createSqs(next), queue, { VisibilityTimeout: 0 });
    next.aws.releaseEvents();
    await waitForGot(next, fn, "1#3");

    expect(bodiesOf(held)).toEqual(["1"]);
    expect(gotBy(next, fn)).toEqual(["1#3"]);
  });

  test("finishes what a function has begun, and fetches nothing new, once it settles", async () => {
    const aws = await createAws();
    const { queue, fn } = await createMapped(
      aws,
      `export const handler = async (event) => { log(event); await new Promise((resolve) => setTimeout(resolve, 200)); };`,
    );
    await sendAll(createSqs(aws), queue, ["a/1"]);
    await waitForGot(aws, fn, "1#1");

    await aws.aws.settle();
    await sendAll(createSqs(aws), queue, ["a/2"]);

    expect(await waitForBatches(aws, queue, 1)).toMatchObject([{ messages: 1, failed: 0 }]);
    expect(bodiesOf(await receiveAll(createSqs(aws), queue))).toEqual(["2"]);
  });

  test.each([
    ["what closing cuts off", "await new Promise(() => {})", 0],
    ["what has failed before", 'throw new Error("not yet")', 1],
  ])("gives back at once %s", async (_what, first, batches) => {
    const former = await createAws();
    const { queue, fn } = await createMapped(
      former,
      `export const handler = async (event) => { log(event); if (event.Records[0].attributes.ApproximateReceiveCount === "1") ${first}; };`,
    );
    await sendAll(createSqs(former), queue, ["a/1"]);
    await waitForGot(former, fn, "1#1");
    await waitForBatches(former, queue, batches);
    await former.close();

    const next = await createAws({ dataDir: former.dataDir });
    await waitForBatches(next, queue, 1);

    expect(gotBy(next, fn)).toEqual(["1#2"]);
  });

  test.each<[string, { queue?: Properties; fn?: Properties; mapping?: Properties }, RegExp]>([
    [
      "a queue that shows messages before the function's time is over",
      { queue: { visibilityTimeoutSeconds: 1 }, fn: { timeout: 2 } },
      /Queue visibility timeout: 1 seconds is less than Function timeout: 2 seconds/,
    ],
    [
      "a queue that is not there",
      { mapping: { eventSourceArn: "arn:aws:sqs:ap-northeast-1:000000000000:none.fifo" } },
      /does not exist/,
    ],
    [
      "another source than a queue",
      { mapping: { eventSourceArn: "arn:aws:dynamodb:ap-northeast-1:000000000000:table/x" } },
      /polls SQS queues only/,
    ],
    ["a function that is not there", { mapping: { functionName: "none" } }, /Function not found/],
    [
      "filters, which are not simulated",
      { mapping: { filterCriteria: { filters: [{ pattern: "{}" }] } } },
      /does not simulate filterCriteria/,
    ],
    ["batches that are too large for FIFO", { mapping: { batchSize: 11 } }, /Batch size 11 is more than 10/],
  ])("is refused with %s", async (_, more, message) => {
    await expect(createMapped(shared, echo, more)).rejects.toThrow(message);
  });

  test("is refused where the role may not read the queue, or where there is one already", async () => {
    const { queue, fn } = await createMapped(shared, echo);
    const role = await createRole(shared, ["logs:*", "sqs:ReceiveMessage", "sqs:GetQueueAttributes"]);
    const other = await createFunction(shared, echo, { role: role.outputs["arn"] });

    await expect(createMapping(shared, queue, fn)).rejects.toThrow(/already exists/);
    await expect(createMapping(shared, queue, other)).rejects.toThrow(/permissions to call DeleteMessage on SQS/);
  });

  test("rests while the role may not read the queue", async () => {
    const queue = await createQueue(shared);
    const role = await createRole(shared, ["logs:*"]);
    const policy = { role: role.id, policy: toPolicy({ Action: "sqs:*", Resource: queue.outputs["arn"] }) };
    const allowed = await shared.provider.create(TYPES.rolePolicy, "read", policy);
    const fn = await createFunction(shared, `${LOG}\n${echo}`, { role: role.outputs["arn"] });
    await createMapping(shared, queue, fn);
    await shared.provider.delete(allowed);
    // What it waits for already it takes; after that it looks at its role again.
    await sendAll(createSqs(shared), queue, ["a/1"]);
    await waitForBatches(shared, queue, 1);

    await sendAll(createSqs(shared), queue, ["a/2"]);
    const untouched = await receiveAll(createSqs(shared), queue, { VisibilityTimeout: 0 });
    await shared.provider.create(TYPES.rolePolicy, "read-again", policy);
    await waitForGot(shared, fn, "2#2");

    expect(bodiesOf(untouched)).toEqual(["2"]);
  });
});
