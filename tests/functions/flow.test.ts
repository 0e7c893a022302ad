import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
} from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { expect, test } from "vitest";
import type { Bot } from "../../functions/bot-interface.ts";
import { createAws } from "../../packages/aws-offline/tests/support/local-aws.ts";
import { bodiesOf, createPair, createSqs, receiveAll } from "../../packages/aws-offline/tests/support/queues.ts";
import { callback, operationOf, signed, textEvent } from "./cloud.ts";
import { createRandom, type Random } from "./random.ts";
import { mostReceives, startFunction, toRecord } from "./setup.ts";

const seed = 20_261_123;

/** A queue of the local AWS as the infrastructure makes it, and its dead letters. */
async function startQueue() {
  const aws = await createAws();
  const client = createSqs(aws);
  const { queue, deadLetters } = await createPair(aws, mostReceives, { visibilityTimeoutSeconds: 60 });
  const QueueUrl = `${aws.aws.endpointUrl}${new URL(queue.id).pathname}`;
  return {
    QueueUrl,
    accessKey: aws.aws.accessKey,
    async isEmpty() {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] });
      const { Attributes = {} } = await client.send(command);
      const counts = Object.entries(Attributes).filter(([name]) => name.startsWith("ApproximateNumberOfMessages"));
      return counts.every(([, count]) => count === "0");
    },
    deadLetters: async () => bodiesOf(await receiveAll(client, deadLetters)),
    receive: () => receiveAll(client, queue, { WaitTimeSeconds: 1 }),
    async delete(messages: Message[]) {
      const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }));
      if (Entries.length > 0) await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    },
    /** What the queue does by itself when the time is over for which it hid messages. */
    async reappear(messages: Message[]) {
      for (const { ReceiptHandle } of messages) {
        await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
      }
    },
  };
}

const attributesOf = ({ Attributes = {} }: Message) => Attributes as Record<string, string>;

function toLambdaRecord(message: Message): SQSRecord {
  const record = toRecord({
    MessageBody: message.Body ?? "",
    MessageGroupId: attributesOf(message)["MessageGroupId"] ?? "",
  });
  return {
    ...record,
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    attributes: { ...record.attributes, ...attributesOf(message) },
  };
}

type Queue = Awaited<ReturnType<typeof startQueue>>;
type Fn = Awaited<ReturnType<typeof startFunction>>;

/**
 * Lambda's event source mapping: takes batches to the worker until the queue is empty. Some answers of the worker may
 * be lost, each message's once at most.
 */
async function runUntilEmpty(queue: Queue, fn: Fn, isLost: () => boolean = () => false): Promise<void> {
  const lost = new Set<string>();
  while (!(await queue.isEmpty())) {
    const messages = await queue.receive();
    if (messages.length === 0) continue;
    const { batchItemFailures } = await fn.worker(
      { Records: messages.map(toLambdaRecord) },
      { getRemainingTimeInMillis: () => 10_000 },
    );
    if (isLost() && messages.every(({ MessageId = "" }) => !lost.has(MessageId))) {
      for (const { MessageId = "" } of messages) lost.add(MessageId);
      await queue.reappear(messages);
      continue;
    }
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    await queue.delete(messages.filter(({ MessageId }) => !failed.has(MessageId ?? "")));
  }
}

const users = 10;
const eventsOfUser = 12;

/** Requests as LINE sends them: each user's events in order, some together, some again, some twice at once. */
function createRequests(random: Random): string[] {
  const next = Array.from({ length: users }, () => 0);
  const requests: string[] = [];
  while (next.some((sent) => sent < eventsOfUser)) {
    const events: Record<string, unknown>[] = [];
    for (let left = 1 + random.below(4); left > 0; left--) {
      const user = random.below(users);
      const place = next[user] ?? 0;
      if (place === eventsOfUser) continue;
      next[user] = place + 1;
      const source = { type: "user", userId: `U${user}` };
      events.push(textEvent(`${place}`, { source, replyToken: `${user}-${place}` }));
    }
    requests.push(callback(...events));
    if (random.below(10) === 0)
      requests.push(callback(...events.map((event) => ({ ...event, deliveryContext: { isRedelivery: true } }))));
  }
  return requests;
}

test(`handles every event once and in order while everything around it fails (seed ${seed})`, async () => {
  const random = createRandom(seed);
  const queue = await startQueue();
  const done = new Map<string, string[]>();
  const bot: Bot = {
    message: {
      async text({ event, reply }) {
        await reply(event.message.text);
        const user = event.source?.userId ?? "";
        done.set(user, [...(done.get(user) ?? []), event.message.text]);
      },
    },
  };
  await using fn = await startFunction({ bot, queue });
  const used = new Set<string>();
  const sent: string[] = [];
  // LINE: a reply token serves once; some replies meet a full bucket, some fail, some only lose their answer.
  fn.cloud.override = (call) => {
    if (call.path !== "/v2/bot/message/reply" || operationOf(call) !== undefined) return undefined;
    const { replyToken } = JSON.parse(call.body) as { replyToken: string };
    const chance = random.below(100);
    if (chance < 10) return { status: 429 };
    if (chance < 15) return { status: 500 };
    if (used.has(replyToken)) return { status: 400, body: { message: "Invalid reply token" } };
    used.add(replyToken);
    sent.push(replyToken);
    return chance < 20 ? { status: 500 } : undefined;
  };

  for (const body of createRequests(random)) {
    const request = signed(body);
    // Some requests come twice at once.
    const answers = await Promise.all(
      random.below(20) === 0 ? [fn.receive(request), fn.receive(request)] : [fn.receive(request)],
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200));
  }
  const isLost = () => random.below(5) === 0;
  await Promise.all([runUntilEmpty(queue, fn, isLost), runUntilEmpty(queue, fn, isLost)]);

  const inOrder = Array.from({ length: eventsOfUser }, (_, place) => `${place}`);
  expect(Object.fromEntries(done)).toEqual(
    Object.fromEntries(Array.from({ length: users }, (_, user) => [`U${user}`, inOrder])),
  );
  expect(new Set(sent).size).toBe(sent.length);
  expect(sent).toHaveLength(users * eventsOfUser);
  expect(await queue.deadLetters()).toEqual([]);
  expect(fn.counted.filter((metric) => metric === "EventDuplicate").length).toBeGreaterThan(0);
});

test("lets a poison event go to the dead letters after three receives, and the rest of its chat go on", async () => {
  const queue = await startQueue();
  const handled: string[] = [];
  const bot: Bot = {
    message: {
      text({ event }) {
        if (event.message.text === "poison") throw new Error("poison");
        handled.push(event.message.text);
      },
    },
  };
  await using fn = await startFunction({ bot, queue });

  await fn.receive(signed(callback(...["before", "poison", "after 1", "after 2"].map((text) => textEvent(text)))));
  await runUntilEmpty(queue, fn);

  expect(handled).toEqual(["before", "after 1", "after 2"]);
  const deadLetters = (await queue.deadLetters()).map((body = "") => JSON.parse(body) as unknown);
  expect(deadLetters).toMatchObject([{ event: { message: { text: "poison" } } }]);
  expect(fn.counted.filter((metric) => metric === "EventFailed")).toHaveLength(3);
});
