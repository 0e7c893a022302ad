import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createAwsCall } from "../../functions/shared/aws-call.ts";
import {
  callback,
  event,
  operationOf,
  signed,
  textEvent,
  userId,
  type Call,
  type Cloud,
  type SentBatch,
} from "./cloud.ts";
import { startFunction } from "./setup.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const isSend = (call: Call) => operationOf(call) === "SendMessageBatch";
const batches = (cloud: Cloud) =>
  cloud.callsOf("SendMessageBatch").map(({ body }) => (JSON.parse(body) as SentBatch).Entries);
const inGroup = (text: string, groupId: string) => textEvent(text, { source: { type: "group", groupId, userId } });
const textsOf = (messages: { MessageBody: string }[]) =>
  messages.map(
    ({ MessageBody }) => (JSON.parse(MessageBody) as { event: { message: { text: string } } }).event.message.text,
  );
const range = (length: number) => Array.from({ length }, (_, index) => `${index}`);

/** Events of different chats in any order, each chat's own in theirs. */
function shuffle<T extends { source?: unknown }>(events: T[]): T[] {
  const chats = [...Map.groupBy(events, ({ source }) => JSON.stringify(source)).values()];
  const picked: T[] = [];
  for (let turn = 0; chats.length > 0; turn += 7) {
    const at = turn % chats.length;
    picked.push(...(chats[at]?.splice(0, 1) ?? []));
    if (chats[at]?.length === 0) chats.splice(at, 1);
  }
  return picked;
}

/** How many calls are under way at once, and which conversations are in two of them. None ends before so many came. */
function watchSends(cloud: Cloud, atLeast: number) {
  const seen = { most: 0, twice: [] as string[] };
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const underWay = new Map<Call, string[]>();
  cloud.override = (call) => {
    if (!isSend(call)) return undefined;
    const groups = (JSON.parse(call.body) as SentBatch).Entries.map(({ MessageGroupId }) => MessageGroupId);
    const others = new Set([...underWay.values()].flat());
    seen.twice.push(...groups.filter((group) => others.has(group)));
    underWay.set(call, groups);
    seen.most = Math.max(seen.most, underWay.size);
    const answer = cloud.take(call);
    if (underWay.size === atLeast) resolve();
    const after = enough.then(() => underWay.delete(call));
    return { ...answer, after };
  };
  return seen;
}

/** Answers each call of SQS's in turn with one of these, then as usual. */
function answerSends(cloud: Cloud, ...answers: ((call: Call) => ReturnType<Cloud["override"]>)[]) {
  cloud.override = (call) => (isSend(call) ? answers.shift()?.(call) : undefined);
}

test("sends an event as LINE sent it, and who it is of only as hashes", async () => {
  await using fn = await startFunction();
  const sent = textEvent("hello", { later: ["new", { to: null }] });

  expect((await fn.receive(signed(callback(sent)))).statusCode).toBe(200);

  const [call] = fn.cloud.callsOf("SendMessageBatch");
  expect(call?.headers).toMatchObject({
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "AmazonSQS.SendMessageBatch",
    "x-amz-security-token": "session-token",
    authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/ap-northeast-1\/sqs\//),
  });
  const [message] = fn.cloud.queue;
  expect(JSON.parse(message?.MessageBody ?? "")).toEqual({
    destination: "U8e742f61d673b39c7fff3cecb7536ef0",
    event: sent,
    correlationId: "JKJaXmPLvHcESHA=",
    receivedAtMs: expect.any(Number),
  });
  expect(message).toMatchObject({
    MessageGroupId: sha256(userId),
    MessageDeduplicationId: sha256(String(sent["webhookEventId"])),
  });
});

test("answers a request without events, and one whose events are of another bot, without the queue", async () => {
  await using fn = await startFunction({ botUserId: "Uanother" });

  expect((await fn.receive(signed(callback()))).statusCode).toBe(200);
  expect((await fn.receive(signed(callback(textEvent("hello"))))).statusCode).toBe(200);
  expect(fn.cloud.callsOf("SendMessageBatch")).toEqual([]);
});

test("leaves out what is older than three days, and says so as an error", async () => {
  let ms = Date.now();
  await using fn = await startFunction({ now: () => ms });
  const captured = signed(callback(textEvent("1"), textEvent("2"), inGroup("new", "C1")));

  ms += 3 * 24 * 60 * 60_000 - 60_000;
  expect((await fn.receive(captured)).statusCode).toBe(200);
  expect(fn.cloud.queue).toHaveLength(3);

  ms += 120_000;
  expect((await fn.receive(captured)).statusCode).toBe(200);
  expect(fn.cloud.callsOf("SendMessageBatch")).toHaveLength(1); // The first request's.
  expect(fn.log().slice(-2)).toMatchObject([
    { level: "ERROR", message: "events that are too old are not handled", events: 3 },
    { message: "webhook", status: 200, events: 0 },
  ]);
});

describe("the events of one request", () => {
  test("go in batches of ten, when they are of different conversations", async () => {
    await using fn = await startFunction();

    await fn.receive(signed(callback(...range(25).map((text) => inGroup(text, `C${text}`)))));

    expect(
      batches(fn.cloud)
        .map(({ length }) => `${length}`)
        .toSorted(),
    ).toEqual(["10", "10", "5"]);
    expect(new Set(textsOf(fn.cloud.queue))).toEqual(new Set(range(25)));
  });

  test("go in batches of ten, one after the other, when they are of one conversation", async () => {
    await using fn = await startFunction();
    const underWay = watchSends(fn.cloud, 1);

    const { statusCode } = await fn.receive(signed(callback(...range(1000).map((text) => textEvent(text)))));

    expect(statusCode).toBe(200);
    expect(batches(fn.cloud).map(({ length }) => length)).toEqual(range(100).map(() => 10));
    expect(textsOf(fn.cloud.queue)).toEqual(range(1000));
    expect(underWay.most).toBe(1);
  });

  test("keep their order, when those of some conversations are many and those of others few", async () => {
    await using fn = await startFunction();
    const underWay = watchSends(fn.cloud, 4);
    const chats = [60, 3, 25, ...range(40).map(() => 1)];
    const events = chats.flatMap((length, chat) => range(length).map((text) => inGroup(text, `C${chat}`)));

    const { statusCode } = await fn.receive(signed(callback(...shuffle(events))));

    expect(statusCode).toBe(200);
    for (const [chat, length] of chats.entries()) {
      const own = fn.cloud.queue.filter(({ MessageGroupId }) => MessageGroupId === sha256(`C${chat}`));
      expect(textsOf(own)).toEqual(range(length));
    }
    expect(batches(fn.cloud).length).toBeLessThan(20);
    expect(underWay.most).toBeLessThanOrEqual(8);
    expect(underWay.twice).toEqual([]);
  });

  test("are handled once when two have one id", async () => {
    await using fn = await startFunction();
    const twice = textEvent("hello");

    expect(await fn.status(signed(callback(twice, twice)))).toBe(200);

    expect(fn.cloud.queue).toHaveLength(1);
    expect(fn.cloud.replies()).toEqual(["You said: hello"]);
  });

  test("are one conversation each when they have no source", async () => {
    await using fn = await startFunction();
    const link = event("accountLink", { source: undefined, link: { result: "failed", nonce: "n" } });

    await fn.receive(signed(callback(link, { ...link, webhookEventId: "another" })));

    expect(new Set(fn.cloud.queue.map(({ MessageGroupId }) => MessageGroupId)).size).toBe(2);
  });

  test("go in batches of a megabyte, however their characters have to be written", async () => {
    await using fn = await startFunction();
    // Three bytes each as they came, and six as SQS takes them.
    const large = "\uFFFE\uFFFF".repeat(30_000);

    const status = await fn.receive(signed(callback(...range(5).map((id) => inGroup(large, `C${id}`)))));

    expect(status.statusCode).toBe(200);
    expect(batches(fn.cloud).map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(fn.cloud.queue.every(({ MessageBody }) => !/[\uFFFE\uFFFF]/.test(MessageBody))).toBe(true);
    expect(textsOf(fn.cloud.queue)).toEqual(range(5).map(() => large));
  });

  test("are refused when one of them fits in no message", async () => {
    await using fn = await startFunction();

    const { statusCode } = await fn.receive(signed(callback(textEvent("1"), textEvent("\uFFFE".repeat(200_000)))));

    expect(statusCode).toBe(413);
    expect(fn.cloud.callsOf("SendMessageBatch")).toEqual([]);
  });
});

describe("what the queue did not take", () => {
  test("is sent again, and only that", async () => {
    await using fn = await startFunction();
    answerSends(fn.cloud, (call) => fn.cloud.take(call, (_, index) => index % 2 === 0));

    const { statusCode } = await fn.receive(signed(callback(...range(5).map((text) => inGroup(text, `C${text}`)))));

    expect(statusCode).toBe(200);
    expect(batches(fn.cloud).map(textsOf)).toEqual([range(5), ["1", "3"]]);
    expect(fn.cloud.queue).toHaveLength(5);
  });

  test("of a conversation goes alone, before any later event of it, and what had overtaken it is reported", async () => {
    await using fn = await startFunction();
    answerSends(fn.cloud, (call) => fn.cloud.take(call, (_, index) => index < 7 || index === 8));

    const { statusCode } = await fn.receive(signed(callback(...range(25).map((text) => textEvent(text)))));

    expect(statusCode).toBe(200);
    const [first, ...later] = batches(fn.cloud).map(textsOf);
    expect(first).toEqual(range(10));
    expect(later).toEqual([["7"], ["9"], range(25).slice(10, 20), range(25).slice(20)]);
    expect(fn.log()).toContainEqual(
      expect.objectContaining({ level: "WARN", message: "events have overtaken another of their chat", events: 1 }),
    );
  });

  test("is not tried again when it is the message that SQS will not have, and holds back what is behind it", async () => {
    await using fn = await startFunction();
    fn.cloud.override = (call) => {
      if (!isSend(call)) return undefined;
      const { Entries } = JSON.parse(call.body) as SentBatch;
      return { body: { Failed: Entries.map(({ Id }) => ({ Id, SenderFault: true, Code: "InvalidMessageContents" })) } };
    };

    expect((await fn.receive(signed(callback(...range(25).map((text) => textEvent(text)))))).statusCode).toBe(503);

    expect(batches(fn.cloud)).toHaveLength(1);
    expect(fn.log().at(-1)).toMatchObject({ reason: expect.stringContaining("InvalidMessageContents") });
  });

  test("for want of time goes on where it ended, when LINE sends the request again", async () => {
    await using fn = await startFunction({ timeoutMs: 2000 });
    const request = signed(callback(...range(1000).map((text) => textEvent(text))));
    await fn.receive(signed(callback())); // Has the secret at hand.
    const never = new Promise(() => undefined);
    let answered = 0;
    fn.cloud.override = (call) => (isSend(call) && ++answered > 40 ? { after: never } : undefined);

    expect((await fn.receive(request)).statusCode).toBe(503);
    expect(textsOf(fn.cloud.queue)).toEqual(range(400));

    fn.cloud.override = () => undefined;
    const before = fn.cloud.callsOf("SendMessageBatch").length;
    expect((await fn.receive(request)).statusCode).toBe(200);
    expect(textsOf(fn.cloud.queue)).toEqual(range(1000));
    expect(fn.cloud.callsOf("SendMessageBatch").slice(before)).toHaveLength(60);
  });

  test("is answered with 503, holds back what is behind it, and nothing else", async () => {
    await using fn = await startFunction();
    const refused = sha256("C1");
    fn.cloud.override = (call) =>
      isSend(call) ? fn.cloud.take(call, ({ MessageGroupId }) => MessageGroupId !== refused) : undefined;
    const events = [inGroup("a1", "C1"), inGroup("b1", "C2"), inGroup("a2", "C1"), inGroup("b2", "C2")];

    expect((await fn.receive(signed(callback(...events)))).statusCode).toBe(503);

    expect(textsOf(fn.cloud.queue)).toEqual(["b1", "b2"]);
    expect(batches(fn.cloud).slice(1).flatMap(textsOf)).not.toContain("a2");
    expect(fn.log().at(-1)).toMatchObject({ level: "ERROR", status: 503, outcome: "queue unavailable" });

    // LINE sends the request again.
    fn.cloud.override = () => undefined;
    expect((await fn.receive(signed(callback(...events)))).statusCode).toBe(200);
    expect(textsOf(fn.cloud.queue)).toEqual(["b1", "b2", "a1", "a2"]);
  });

  test.each([
    ["throttled", { status: 400, body: { __type: "com.amazon.coral.availability#ThrottlingException" } }],
    ["throttled in SQS's other words", { status: 403, body: { __type: "RequestThrottled" } }],
    ["failing", { status: 500, body: { __type: "InternalFailure" } }],
    ["without an answer in JSON", { status: 503, body: "<html>" }],
  ])("is sent again while SQS is %s for a moment", async (_, answer) => {
    await using fn = await startFunction();
    answerSends(
      fn.cloud,
      () => answer,
      () => answer,
    );

    expect((await fn.receive(signed(callback(textEvent("hello"))))).statusCode).toBe(200);
    expect(fn.cloud.queue).toHaveLength(1);
    expect(fn.cloud.callsOf("SendMessageBatch")).toHaveLength(3);
  });

  test("may be in the queue all the same when only the answer was lost, and is there once", async () => {
    await using fn = await startFunction();
    answerSends(fn.cloud, (call) => {
      fn.cloud.take(call);
      return { status: 500, body: "" };
    });

    expect((await fn.receive(signed(callback(textEvent("hello"))))).statusCode).toBe(200);
    expect(fn.cloud.callsOf("SendMessageBatch")).toHaveLength(2);
    expect(fn.cloud.queue).toHaveLength(1);
  });

  test("is not sent again when SQS will not have it", async () => {
    await using fn = await startFunction();
    fn.cloud.override = (call) =>
      isSend(call) ? { status: 400, body: { __type: "com.amazonaws.sqs#QueueDoesNotExist" } } : undefined;

    expect((await fn.receive(signed(callback(textEvent("hello"))))).statusCode).toBe(503);
    expect(fn.cloud.callsOf("SendMessageBatch")).toHaveLength(1);
    expect(fn.log().at(-1)).toMatchObject({ reason: expect.stringContaining("400 QueueDoesNotExist") });
  });

  test("is not taken for sent when SQS answers what means nothing", async () => {
    await using fn = await startFunction({ timeoutMs: 500 });
    fn.cloud.override = (call) => (isSend(call) ? { body: {} } : undefined);

    expect((await fn.receive(signed(callback(textEvent("hello"))))).statusCode).toBe(503);
  });

  test("is answered with 503 while LINE still waits, when SQS does not answer", async () => {
    const never = new Promise(() => undefined);
    await using fn = await startFunction({ timeoutMs: 700 });
    await fn.receive(signed(callback())); // Has the secret at hand, so that the time is the queue's.
    fn.cloud.override = (call) => (isSend(call) ? { after: never } : undefined);

    expect((await fn.receive(signed(callback(textEvent("hello"))))).statusCode).toBe(503);

    await Promise.all(fn.cloud.callsOf("SendMessageBatch").map(({ closed }) => closed));
  });
});

test("says why SQS refused a call, and does not cut the last try of it short", async () => {
  const tries: number[] = [];
  let endsAtMs = 0;
  const callSqs = createAwsCall(
    "sqs",
    { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
    () => {
      tries.push(endsAtMs - performance.now());
      return Promise.resolve({ status: 500, text: JSON.stringify({ __type: "InternalFailure" }) });
    },
  );

  for (let call = 0; call < 5; call++) {
    endsAtMs = performance.now() + 150;
    await expect(callSqs("SendMessageBatch", {}, { timeoutMs: 150 })).rejects.toThrow("500 InternalFailure");
  }

  expect(tries.length).toBeGreaterThan(5);
  expect(Math.min(...tries)).toBeGreaterThan(40);
});

test("keeps its connections from one request to the next", async () => {
  await using fn = await startFunction();

  for (const text of range(5)) await fn.receive(signed(callback(textEvent(text))));

  const ports = fn.cloud.callsOf("SendMessageBatch").map(({ port }) => port);
  expect(new Set(ports).size).toBe(1);
});
