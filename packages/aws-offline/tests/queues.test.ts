import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
  type SendMessageBatchRequestEntry,
} from "@aws-sdk/client-sqs";
import { CloudWatchClient, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { toClient } from "./support/aws-requests.ts";
import { createAws, createRole, shareAws, TYPES, toPolicy } from "./support/local-aws.ts";
import type { Made, Properties } from "./support/provider-client.ts";
import {
  bodiesOf,
  createPair,
  createQueue,
  createSqs,
  QUEUE_TYPES,
  receiveAll,
  sendAll,
  toClientConfig,
  toEntry,
  toRedrivePolicy,
  createCaller,
  waitForMessages,
} from "./support/queues.ts";

const aws = shareAws({ alarmsEveryMs: 0 });

/** Lets this much time pass in the queues, without waiting for it. */
function pass(seconds: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
  onTestFinished(() => void vi.useRealTimers());
}

function hide(queue: Made, ReceiptHandle: string | undefined, VisibilityTimeout: number) {
  return new ChangeMessageVisibilityCommand({ QueueUrl: queue.id, ReceiptHandle, VisibilityTimeout });
}

function remove(queue: Made, ReceiptHandle: string | undefined) {
  return new DeleteMessageCommand({ QueueUrl: queue.id, ReceiptHandle });
}

describe("a queue as a resource", () => {
  test("has AWS's URL and ARN, and what the service fills in", async () => {
    const { id, outputs } = await createQueue(aws, { name: "made.fifo", visibilityTimeoutSeconds: 60 });

    expect(id).toBe("https://sqs.ap-northeast-1.amazonaws.com/000000000000/made.fifo");
    expect(outputs).toMatchObject({
      url: id,
      arn: "arn:aws:sqs:ap-northeast-1:000000000000:made.fifo",
      visibilityTimeoutSeconds: 60,
      messageRetentionSeconds: 345_600,
      deduplicationScope: "queue",
      fifoThroughputLimit: "perQueue",
      sqsManagedSseEnabled: true,
      redrivePolicy: "",
    });
  });

  test("is found again by its URL, changes in place, and goes with its messages", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { name: "lived.fifo" });
    await sendAll(client, queue, ["a/1"]);

    const imported = await aws.provider.read({ type: queue.type, name: "imported", id: queue.id });
    const changed = await aws.provider.update(queue, { ...queue.inputs, visibilityTimeoutSeconds: 7 });
    await aws.provider.delete(changed);
    const again = await createQueue(aws, { name: "lived.fifo" });

    expect(imported?.outputs).toEqual(queue.outputs);
    expect(changed.outputs["visibilityTimeoutSeconds"]).toBe(7);
    expect(await receiveAll(client, again)).toEqual([]);
    await sendAll(client, again, ["a/1"]);
    expect(bodiesOf(await receiveAll(client, again))).toEqual(["1"]);
  });

  test.each<[string, Properties, RegExp]>([
    ["a name that is taken", { name: "taken.fifo" }, /QueueAlreadyExists/],
    ["a FIFO queue without its ending", { name: "plain" }, /invalid queue name: plain/],
    ["deduplication by content of a standard queue", { fifoQueue: false, contentBasedDeduplication: true }, /FIFO/],
    [
      "a throughput by group without deduplication by group",
      { fifoThroughputLimit: "perMessageGroupId" },
      /allowed only/,
    ],
    [
      "a dead-letter queue that is not there",
      {
        redrivePolicy: toRedrivePolicy({
          outputs: { arn: "arn:aws:sqs:ap-northeast-1:000000000000:none.fifo" },
        } as never),
      },
      /Dead letter target does not exist/,
    ],
    ["a redrive policy that is no such thing", { redrivePolicy: "{}" }, /Redrive policy needs/],
    [
      "a redrive allow policy that is no such thing",
      { redriveAllowPolicy: '{"redrivePermission":"some"}' },
      /not well-formed/,
    ],
  ])("refuses %s", async (_, more, message) => {
    if (more["name"] === "taken.fifo") await createQueue(aws, { name: "taken.fifo" });

    await expect(createQueue(aws, more)).rejects.toThrow(message);
  });

  test("refuses dead letters in a queue of the other kind, or after no receive", async () => {
    const deadLetters = await createQueue(aws);

    const standard = createQueue(aws, { fifoQueue: false, redrivePolicy: toRedrivePolicy(deadLetters) });
    const never = createQueue(aws, { redrivePolicy: toRedrivePolicy(deadLetters, 0) });

    await expect(standard).rejects.toThrow(/same type of queue/);
    await expect(never).rejects.toThrow(/maxReceiveCount: 0/);
  });

  test("refuses dead letters in a queue that does not permit it", async () => {
    const deadLetters = await createQueue(aws);
    const source = await createQueue(aws);
    const allow = await aws.provider.create(QUEUE_TYPES.redriveAllowPolicy, "allow", {
      queueUrl: deadLetters.id,
      redriveAllowPolicy: JSON.stringify({ redrivePermission: "byQueue", sourceQueueArns: [source.outputs["arn"]] }),
    });
    const redrivePolicy = toRedrivePolicy(deadLetters);

    await aws.provider.create(QUEUE_TYPES.redrivePolicy, "permitted", { queueUrl: source.id, redrivePolicy });
    await expect(createQueue(aws, { redrivePolicy })).rejects.toThrow(/does not permit this source/);
    await aws.provider.delete(allow);
    await createQueue(aws, { redrivePolicy });
  });

  test.each([
    ["queuePolicy", "policy", toPolicy({ Principal: "*", Action: "sqs:*", Resource: "*" })],
    ["redriveAllowPolicy", "redriveAllowPolicy", '{"redrivePermission":"denyAll"}'],
  ] as const)("has a %s of a resource of its own", async (type, property, value) => {
    const queue = await createQueue(aws);

    const setting = await aws.provider.create(QUEUE_TYPES[type], "setting", { queueUrl: queue.id, [property]: value });
    const refreshed = await aws.provider.read(queue);
    const updated = await aws.provider.update(refreshed ?? queue, { ...queue.inputs, delaySeconds: 1 });
    const read = await aws.provider.read({ type: setting.type, name: "imported", id: setting.id });
    await aws.provider.delete(setting);

    expect(setting.id).toBe(queue.id);
    expect(refreshed?.outputs[property]).toBe(value);
    expect(updated.outputs[property]).toBe(value);
    expect(read?.outputs).toEqual(setting.outputs);
    expect((await aws.provider.read(queue))?.outputs[property]).toBe("");
    expect(await aws.provider.read(setting)).toBeUndefined();
  });
});

describe("a FIFO queue", () => {
  test("hands out the messages of a group in order, several at once", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    await sendAll(client, queue, ["a/1", "b/1", "a/2", "a/3", "b/2"]);

    const messages = await receiveAll(client, queue);

    expect(bodiesOf(messages.filter(({ Attributes }) => Attributes?.MessageGroupId === "a"))).toEqual(["1", "2", "3"]);
    expect(bodiesOf(messages.filter(({ Attributes }) => Attributes?.MessageGroupId === "b"))).toEqual(["1", "2"]);
    const numbers = messages.map(({ Attributes }) => Attributes?.SequenceNumber ?? "");
    expect(new Set(numbers).size).toBe(5);
    expect(numbers.every((number) => /^\d{20}$/.test(number))).toBe(true);
  });

  test("keeps a group back while one of its messages is in flight, and no other", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    await sendAll(client, queue, ["a/1", "a/2", "a/3", "b/1"]);
    const [first, second] = await receiveAll(client, queue, { MaxNumberOfMessages: 2 });

    const others = await receiveAll(client, queue);
    await client.send(hide(queue, first?.ReceiptHandle, 0));
    const stillBlocked = await receiveAll(client, queue);
    await client.send(remove(queue, second?.ReceiptHandle));
    const next = await receiveAll(client, queue);

    expect(bodiesOf(others)).toEqual(["1"]);
    expect(others[0]?.Attributes?.MessageGroupId).toBe("b");
    expect(stillBlocked).toEqual([]);
    expect(bodiesOf(next)).toEqual(["1", "3"]);
  });

  test("serves groups in turn, so that a busy one does not starve the others", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    await sendAll(client, queue, ["a/1", "a/2", "b/1"]);

    const [first] = await receiveAll(client, queue, { MaxNumberOfMessages: 1 });
    await client.send(remove(queue, first?.ReceiptHandle));
    const [second] = await receiveAll(client, queue, { MaxNumberOfMessages: 1 });

    expect([first, second].map((message) => message?.Attributes?.MessageGroupId)).toEqual(["a", "b"]);
  });

  test("hands a message out again in its old place once its visibility timeout is over", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { visibilityTimeoutSeconds: 30 });
    await sendAll(client, queue, ["a/1", "a/2"]);
    const [first] = await receiveAll(client, queue, { MaxNumberOfMessages: 1 });

    pass(31);
    const again = await receiveAll(client, queue);

    expect(bodiesOf(again)).toEqual(["1", "2"]);
    expect(again.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(["2", "1"]);
    expect(again[0]?.Attributes?.ApproximateFirstReceiveTimestamp).toBe(
      first?.Attributes?.ApproximateFirstReceiveTimestamp,
    );
    await expect(client.send(remove(queue, first?.ReceiptHandle))).rejects.toThrow(/receipt handle has expired/);
  });

  test("shows a message at once when its visibility is set to nothing", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    await sendAll(client, queue, ["a/1"]);
    const [first] = await receiveAll(client, queue);

    await client.send(hide(queue, first?.ReceiptHandle, 0));
    const [again] = await receiveAll(client, queue);

    expect(again?.MessageId).toBe(first?.MessageId);
    expect(again?.Attributes?.ApproximateReceiveCount).toBe("2");
    await expect(client.send(hide(queue, first?.ReceiptHandle, 5))).rejects.toThrow(/not available for visibility/);
  });

  test("does not change the visibility of what is not in flight", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    await sendAll(client, queue, ["a/1"]);
    const [first] = await receiveAll(client, queue);
    await client.send(hide(queue, first?.ReceiptHandle, 0));

    const late = client.send(hide(queue, first?.ReceiptHandle, 10));

    await expect(late).rejects.toMatchObject({ name: "MessageNotInflight" });
  });

  test("wakes who waits: by a message, by a group that is free again, and by the end of a timeout", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { visibilityTimeoutSeconds: 600 });

    const bySend = receiveAll(client, queue, { WaitTimeSeconds: 20 });
    await sendAll(client, queue, ["a/1", "b/1"]);
    const [a, b] = await bySend;
    await sendAll(client, queue, ["a/2"]);
    const byDelete = receiveAll(client, queue, { WaitTimeSeconds: 20, VisibilityTimeout: 600 });
    await client.send(remove(queue, a?.ReceiptHandle));
    expect(bodiesOf(await byDelete)).toEqual(["2"]);

    await client.send(hide(queue, b?.ReceiptHandle, 1));
    const byTimeout = waitForMessages(client, queue);

    expect([a, b].map((message) => message?.Attributes?.MessageGroupId)).toEqual(["a", "b"]);
    expect((await byTimeout).map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(["b"]);
  });

  test("gives nothing to a receiver that has hung up", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    const hangUp = new AbortController();
    const waiting = toClient(aws.aws, "sqs").fetch(aws.aws.endpointUrl, {
      method: "POST",
      signal: hangUp.signal,
      headers: { "x-amz-target": "AmazonSQS.ReceiveMessage" },
      body: JSON.stringify({ QueueUrl: queue.id, WaitTimeSeconds: 20 }),
    });
    // One that waits behind it has its answer only after the first has come to wait.
    await receiveAll(client, queue);
    hangUp.abort();
    await expect(waiting).rejects.toThrow(/abort/);
    await receiveAll(client, queue);

    await sendAll(client, queue, ["a/1"]);

    expect(bodiesOf(await waitForMessages(client, queue))).toEqual(["1"]);
  });
});

describe("deduplication", () => {
  const send = (queue: Made, text: string, more: Partial<SendMessageBatchRequestEntry> = {}) =>
    new SendMessageCommand({ QueueUrl: queue.id, ...toEntry(text, 0), ...more });

  test("takes a message with the same id within five minutes for the same, even when that is gone", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    const first = await client.send(send(queue, "a/1"));
    const again = await client.send(send(queue, "a/other", { MessageDeduplicationId: "a-1" }));
    const [message, ...more] = await receiveAll(client, queue);
    await client.send(remove(queue, message?.ReceiptHandle));
    const afterwards = await client.send(send(queue, "a/1"));

    expect([again, afterwards].map(({ MessageId }) => MessageId)).toEqual([first.MessageId, first.MessageId]);
    expect(again.SequenceNumber).toBe(first.SequenceNumber);
    expect(more).toEqual([]);
    expect(await receiveAll(client, queue)).toEqual([]);
    pass(301);
    await client.send(send(queue, "a/1"));
    expect(bodiesOf(await receiveAll(client, queue))).toEqual(["1"]);
  });

  test("ends after five minutes for each message alone, over a restart too", async () => {
    const first = await createAws();
    const queue = await createQueue(first);
    await sendAll(createSqs(first), queue, ["a/1"]);
    const [message] = await receiveAll(createSqs(first), queue);
    await createSqs(first).send(remove(queue, message?.ReceiptHandle));
    pass(200);
    await sendAll(createSqs(first), queue, ["b/1"]);
    await first.close();
    // The second start reads what the first one has written again.
    const second = await createAws({ dataDir: first.dataDir });
    await receiveAll(createSqs(second), queue, { VisibilityTimeout: 0 });
    await second.close();
    const client = createSqs(await createAws({ dataDir: first.dataDir }));

    await sendAll(client, queue, ["a/1"]);
    const early = await receiveAll(client, queue, { VisibilityTimeout: 0 });
    pass(101);
    await sendAll(client, queue, ["a/1", "b/1"]);
    const late = await receiveAll(client, queue);

    expect(early.map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(["b"]);
    expect(late.map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(["b", "a"]);
  });

  test("holds within one batch", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    const Entries = ["a/1", "a/1"].map(toEntry);

    const { Successful = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queue.id, Entries }));

    expect(new Set(Successful.map(({ MessageId }) => MessageId)).size).toBe(1);
    expect(bodiesOf(await receiveAll(client, queue))).toEqual(["1"]);
  });

  test("is by content where the queue says so", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { contentBasedDeduplication: true });
    const bare = { MessageDeduplicationId: undefined };

    for (const text of ["a/1", "a/1", "a/2"]) await client.send(send(queue, text, bare));

    expect(bodiesOf(await receiveAll(client, queue))).toEqual(["1", "2"]);
    await expect(client.send(send(await createQueue(aws), "a/1", bare))).rejects.toThrow(/ContentBasedDeduplication/);
  });

  test("is by group where the queue says so", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { deduplicationScope: "messageGroup" });

    for (const text of ["a/1", "b/1", "a/2"]) await client.send(send(queue, text, { MessageDeduplicationId: "x" }));

    expect((await receiveAll(client, queue)).map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(["a", "b"]);
  });
});

describe("dead letters", () => {
  /** Receives and gives back until nothing comes any more. */
  async function exhaust(queue: Made): Promise<string[]> {
    const client = createSqs(aws);
    const seen: string[] = [];
    for (;;) {
      const [message] = await receiveAll(client, queue, { MaxNumberOfMessages: 1 });
      if (!message) return seen;
      seen.push(`${message.Body}#${message.Attributes?.ApproximateReceiveCount}`);
      await client.send(hide(queue, message.ReceiptHandle, 0));
    }
  }

  test("leave a group after the last receive, so that it goes on", async () => {
    const client = createSqs(aws);
    const { queue, deadLetters } = await createPair(aws, 2);
    await sendAll(client, queue, ["a/poison", "a/good"]);

    const seen = await exhaust(queue);
    const dead = await receiveAll(client, deadLetters);

    expect(seen).toEqual(["poison#1", "poison#2", "good#1", "good#2"]);
    expect(bodiesOf(dead)).toEqual(["poison", "good"]);
    expect(dead[0]?.Attributes).toMatchObject({
      MessageGroupId: "a",
      MessageDeduplicationId: "a-poison",
      DeadLetterQueueSourceArn: queue.outputs["arn"],
      ApproximateReceiveCount: "1",
    });
    const told = aws.traces.filter((trace) => trace.kind === "dead-letter");
    expect(told).toContainEqual({
      kind: "dead-letter",
      queue: queue.outputs["name"],
      deadLetterQueue: deadLetters.outputs["name"],
      messageId: dead[0]?.MessageId,
    });
  });

  test("go back where they came from by a move task, within the deduplication window too", async () => {
    const client = createSqs(aws);
    const { queue, deadLetters } = await createPair(aws, 1);
    await sendAll(client, queue, ["a/1", "b/1", "a/2"]);
    await exhaust(queue);
    pass(200);
    const SourceArn = String(deadLetters.outputs["arn"]);

    const { TaskHandle } = await client.send(new StartMessageMoveTaskCommand({ SourceArn }));
    const { Results } = await client.send(new ListMessageMoveTasksCommand({ SourceArn }));
    const back = await receiveAll(client, queue);
    const left = await receiveAll(client, deadLetters);
    pass(150);
    await sendAll(client, queue, ["b/1", "c/1"]);
    // It was sent for the first time more than five minutes ago, whatever was done with it since.
    const sentAgain = await receiveAll(client, queue, { VisibilityTimeout: 1 });

    expect(TaskHandle).toBeTruthy();
    expect(Results).toMatchObject([{ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 3 }]);
    expect(bodiesOf(back.filter(({ Attributes }) => Attributes?.MessageGroupId === "a"))).toEqual(["1", "2"]);
    expect(back.map(({ Attributes }) => Attributes?.DeadLetterQueueSourceArn)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(left).toEqual([]);
    expect(sentAgain.map(({ Attributes }) => Attributes?.MessageGroupId)).toContain("b");
  });

  test("move from a queue of dead letters only", async () => {
    const client = createSqs(aws);
    const SourceArn = String((await createQueue(aws)).outputs["arn"]);

    const start = client.send(new StartMessageMoveTaskCommand({ SourceArn }));

    await expect(start).rejects.toThrow(/Dead Letter Queue/);
  });

  test("tell whose they are", async () => {
    const { queue, deadLetters } = await createPair(aws, 1);

    const list = new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadLetters.id });

    expect((await createSqs(aws).send(list)).queueUrls).toEqual([queue.id]);
  });
});

describe("what is sent", () => {
  test.each<[string, Partial<SendMessageBatchRequestEntry>, string, RegExp]>([
    ["a character that XML lacks", { MessageBody: "x\u{FFFE}" }, "InvalidMessageContents", /Invalid binary character/],
    [
      "more than the queue takes",
      { MessageBody: "x".repeat(2000) },
      "InvalidParameterValue",
      /shorter than 1024 bytes/,
    ],
    ["no group", { MessageGroupId: undefined }, "MissingParameter", /MessageGroupId/],
    ["a group with a blank", { MessageGroupId: "a b" }, "InvalidParameterValue", /MessageGroupId can only include/],
    ["a deduplication id too long", { MessageDeduplicationId: "x".repeat(129) }, "InvalidParameterValue", /128/],
    ["a delay of its own", { DelaySeconds: 1 }, "InvalidParameterValue", /DelaySeconds/],
    ["no body", { MessageBody: "" }, "MissingParameter", /MessageBody/],
  ])("is refused with %s, alone and in a batch that goes on", async (_, wrong, code, message) => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { maxMessageSize: 1024 });
    const entry = { ...toEntry("a/1", 0), ...wrong };

    const alone = await client.send(new SendMessageCommand({ QueueUrl: queue.id, ...entry })).catch(String);
    const batch = new SendMessageBatchCommand({ QueueUrl: queue.id, Entries: [entry, toEntry("a/2", 1)] });
    const { Successful = [], Failed = [] } = await client.send(batch);

    expect(alone).toMatch(message);
    expect(Failed).toMatchObject([{ Id: "entry-0", SenderFault: true, Code: code }]);
    expect(Successful.map(({ Id }) => Id)).toEqual(["entry-1"]);
    expect(bodiesOf(await receiveAll(client, queue))).toEqual(["2"]);
  });

  test.each<[string, SendMessageBatchRequestEntry[], string]>([
    ["nothing", [], "EmptyBatchRequest"],
    ["eleven messages", Array.from({ length: 11 }, (_, n) => toEntry(`a/${n}`, n)), "TooManyEntriesInBatchRequest"],
    ["one id twice", [toEntry("a/1", 1), toEntry("a/2", 1)], "BatchEntryIdsNotDistinct"],
    ["an id with a blank", [{ ...toEntry("a/1", 1), Id: "a b" }], "InvalidBatchEntryId"],
    [
      "more than a batch may weigh",
      [1, 2, 3, 4, 5].map((n) => ({ ...toEntry(`a/${n}`, n), MessageBody: "x".repeat(220_000) })),
      "BatchRequestTooLong",
    ],
  ])("is refused as a whole with %s", async (_, Entries, name) => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);

    const sending = client.send(new SendMessageBatchCommand({ QueueUrl: queue.id, Entries }));

    await expect(sending).rejects.toMatchObject({ name });
    expect(await receiveAll(client, queue)).toEqual([]);
  });

  test("arrives with its attributes, whose digest the client checks", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    const MessageAttributes = {
      text: { DataType: "String", StringValue: "wörld" },
      bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) },
    };

    const { MD5OfMessageAttributes } = await client.send(
      new SendMessageCommand({ QueueUrl: queue.id, ...toEntry("a/1", 0), MessageAttributes }),
    );
    const [message] = await receiveAll(client, queue);

    expect(MD5OfMessageAttributes).toBe(message?.MD5OfMessageAttributes);
    expect(message?.MessageAttributes?.["text"]?.StringValue).toBe("wörld");
    expect([...(message?.MessageAttributes?.["bytes"]?.BinaryValue ?? [])]).toEqual([0, 255]);
  });

  test("goes after the queue's retention", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { messageRetentionSeconds: 60 });
    await sendAll(client, queue, ["a/1"]);

    pass(61);

    expect(await receiveAll(client, queue)).toEqual([]);
  });

  test("stays hidden for the queue's delay", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { delaySeconds: 10 });
    await sendAll(client, queue, ["a/1"]);

    const early = await receiveAll(client, queue);
    pass(11);

    expect(early).toEqual([]);
    expect(bodiesOf(await receiveAll(client, queue))).toEqual(["1"]);
  });
});

describe("a standard queue", () => {
  test("hands out every message that is not in flight", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { fifoQueue: false });
    const send = (MessageBody: string) => client.send(new SendMessageCommand({ QueueUrl: queue.id, MessageBody }));
    await Promise.all(["1", "2", "3"].map(send));

    const first = await receiveAll(client, queue, { MaxNumberOfMessages: 1 });
    const rest = await receiveAll(client, queue);

    expect(new Set(bodiesOf([...first, ...rest]))).toEqual(new Set(["1", "2", "3"]));
    expect(first[0]?.Attributes).not.toHaveProperty("SequenceNumber");
  });

  test("takes the last receipt of a message even when its time is over", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { fifoQueue: false, visibilityTimeoutSeconds: 30 });
    await client.send(new SendMessageCommand({ QueueUrl: queue.id, MessageBody: "1" }));
    const [message] = await receiveAll(client, queue);

    pass(31);
    await client.send(remove(queue, message?.ReceiptHandle));

    expect(await receiveAll(client, queue)).toEqual([]);
  });
});

describe("calls about a queue", () => {
  test("tell its attributes and counts", async () => {
    const client = createSqs(aws);
    const { queue, deadLetters } = await createPair(aws, 5);
    await sendAll(client, queue, ["a/1", "b/1", "c/1"]);
    await receiveAll(client, queue, { MaxNumberOfMessages: 1 });

    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: queue.id, AttributeNames: ["All"] }),
    );
    const unknown = client.send(
      new GetQueueAttributesCommand({ QueueUrl: queue.id, AttributeNames: ["Colour" as never] }),
    );

    expect(Attributes).toMatchObject({
      QueueArn: queue.outputs["arn"],
      ApproximateNumberOfMessages: "2",
      ApproximateNumberOfMessagesNotVisible: "1",
      ApproximateNumberOfMessagesDelayed: "0",
      FifoQueue: "true",
      RedrivePolicy: toRedrivePolicy(deadLetters, 5),
    });
    await expect(unknown).rejects.toMatchObject({ name: "InvalidAttributeName" });
  });

  test("find it by its name, and list it", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws, { name: "listed.fifo" });

    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: "listed.fifo" }));
    const { QueueUrls } = await client.send(new ListQueuesCommand({ QueueNamePrefix: "listed" }));

    expect(QueueUrl).toBe(queue.id);
    expect(QueueUrls).toEqual([queue.id]);
  });

  test("delete, hide and purge many messages at once", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    await sendAll(client, queue, ["a/1", "b/1", "c/1"]);
    const handles = (await receiveAll(client, queue)).map(({ ReceiptHandle }) => ReceiptHandle);
    const Entries = handles.map((ReceiptHandle, n) => ({ Id: `${n}`, ReceiptHandle }));
    const wrong = { Id: "x", ReceiptHandle: "nothing" };

    const deleted = await client.send(
      new DeleteMessageBatchCommand({ QueueUrl: queue.id, Entries: [...Entries.slice(0, 1), wrong] }),
    );
    const hidden = await client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue.id,
        Entries: [...Entries.slice(1).map((entry) => ({ ...entry, VisibilityTimeout: 0 })), wrong],
      }),
    );
    const shown = await receiveAll(client, queue, { VisibilityTimeout: 0 });
    await client.send(new PurgeQueueCommand({ QueueUrl: queue.id }));

    expect(deleted).toMatchObject({ Successful: [{ Id: "0" }], Failed: [{ Id: "x", Code: "ReceiptHandleIsInvalid" }] });
    expect(hidden).toMatchObject({ Successful: [{ Id: "1" }, { Id: "2" }], Failed: [{ Id: "x" }] });
    expect(shown).toHaveLength(2);
    expect(await receiveAll(client, queue)).toEqual([]);
  });

  test("are refused with values beyond the limits", async () => {
    const queue = await createQueue(aws);

    for (const more of [{ MaxNumberOfMessages: 11 }, { WaitTimeSeconds: 21 }, { VisibilityTimeout: 43_201 }])
      await expect(receiveAll(createSqs(aws), queue, more)).rejects.toMatchObject({
        name: "InvalidParameterValue",
        message: expect.stringContaining(Object.keys(more)[0] ?? "") as string,
      });
  });

  test("answer with the errors that the client knows", async () => {
    const none = { id: "https://sqs.ap-northeast-1.amazonaws.com/000000000000/none.fifo" } as Made;

    await expect(receiveAll(createSqs(aws), none)).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  });
});

describe("the metrics of a queue", () => {
  /** The sum of all that was counted, or what a gauge showed when it was asked once. */
  async function read(queue: Made, MetricName: string): Promise<number | undefined> {
    const client = new CloudWatchClient(toClientConfig(aws));
    onTestFinished(() => client.destroy());
    const { Datapoints = [] } = await client.send(
      new GetMetricStatisticsCommand({
        Namespace: "AWS/SQS",
        MetricName,
        Dimensions: [{ Name: "QueueName", Value: String(queue.outputs["name"]) }],
        StartTime: new Date(0),
        EndTime: new Date(Date.now() + 60_000),
        // Long enough for all of a test to lie in one.
        Period: 365 * 86_400,
        Statistics: ["Sum"],
      }),
    );
    return Datapoints[0]?.Sum;
  }

  test("count what calls did, and tell how many messages there are and how old they are", async () => {
    pass(0);
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    await sendAll(client, queue, ["a/1", "b/1", "c/1"]);
    await sendAll(client, queue, ["a/1"]);
    const [message] = await receiveAll(client, queue, { MaxNumberOfMessages: 2 });
    await client.send(remove(queue, message?.ReceiptHandle));
    pass(600);
    await receiveAll(client, queue, { MaxNumberOfMessages: 1 });

    aws.aws.evaluateAlarms(Date.now());

    const names = ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"];
    expect(await Promise.all(names.map((name) => read(queue, name)))).toEqual([3, 3, 1]);
    expect(await read(queue, "ApproximateNumberOfMessagesVisible")).toBe(1);
    expect(await read(queue, "ApproximateNumberOfMessagesNotVisible")).toBe(1);
    expect(await read(queue, "ApproximateAgeOfOldestMessage")).toBe(600);
  });
});

describe("a function's role", () => {
  test("decides what it may do with which queue, in batches as alone", async () => {
    const queue = await createQueue(aws);
    const other = await createQueue(aws);
    const role = await createRole(aws, ["logs:*"]);
    await aws.provider.create(TYPES.rolePolicy, "send", {
      role: role.id,
      policy: toPolicy({ Action: "sqs:SendMessage", Resource: queue.outputs["arn"] }),
    });
    const { fn, accessKey } = await createCaller(aws, role);
    const client = createSqs(aws, accessKey);

    await sendAll(client, queue, ["a/1"]);

    await expect(sendAll(client, other, ["a/1"])).rejects.toThrow(/not authorized to perform: sqs:SendMessage/);
    await expect(receiveAll(client, queue)).rejects.toThrow(/not authorized to perform: sqs:ReceiveMessage/);
    const [message] = await receiveAll(createSqs(aws), queue);
    expect(message?.Attributes?.SenderId).toMatch(new RegExp(`:${fn.id}$`));
  });
});

describe("a fault", () => {
  test("throttles the share of calls that it is told to, the same ones for a seed", async () => {
    const client = createSqs(aws);
    const queue = await createQueue(aws);
    const run = async () => {
      const end = aws.aws.faults.throttle({ service: "sqs", operation: "SendMessage", rate: 0.5, seed: 7 });
      const outcomes: string[] = [];
      for (let n = 0; n < 20; n++)
        outcomes.push(
          await client.send(new SendMessageCommand({ QueueUrl: queue.id, ...toEntry(`a/${n}`, n) })).then(
            () => "sent",
            (error: Error) => error.name,
          ),
        );
      end();
      return outcomes;
    };

    const first = await run();

    expect(new Set(first)).toEqual(new Set(["sent", "RequestThrottled"]));
    expect(await run()).toEqual(first);
    await sendAll(client, queue, ["b/1"]);
  });

  test("fails calls as an outage does", async () => {
    const queue = await createQueue(aws);
    const end = aws.aws.faults.fail({ service: "sqs" });

    const sending = sendAll(createSqs(aws), queue, ["a/1"]);

    await expect(sending).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
    end();
  });
});
