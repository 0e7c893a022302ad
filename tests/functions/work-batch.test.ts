import { describe, expect, test } from "vitest";
import type { SQSRecord } from "aws-lambda";
import type { Bot } from "../../functions/bot-interface.ts";
import { callback, event, operationOf, signed, textEvent, userId, type Cloud } from "./cloud.ts";
import { startFunction, toRecord } from "./setup.ts";

const inGroup = (text: string, groupId: string) => textEvent(text, { source: { type: "group", groupId, userId } });
const outcomes = (log: Record<string, unknown>[]) =>
  log.filter(({ message }) => message === "event").map(({ outcome }) => outcome);

/** A bot that notes what it handles, and fails where it is told to. */
function createBot(fails: (text: string) => boolean = () => false) {
  const handled: string[] = [];
  const bot: Bot = {
    message: {
      text({ event }) {
        const { text } = event.message;
        if (fails(text)) throw new Error("told to fail");
        handled.push(text);
      },
    },
  };
  return { bot, handled };
}

/** The pauses of messages given back, in seconds, in their order. */
const pauses = (cloud: Cloud) =>
  cloud
    .callsOf("ChangeMessageVisibilityBatch")
    .map(({ body }) => (JSON.parse(body) as { Entries: { VisibilityTimeout: number }[] }).Entries)
    .map((entries) => entries.map(({ VisibilityTimeout }) => VisibilityTimeout));

const toMessage = (event: unknown, groupId: string) =>
  toRecord({
    MessageBody: JSON.stringify({ destination: "U", correlationId: "id", event }),
    MessageGroupId: groupId,
  });

const countReceives = (record: SQSRecord, ApproximateReceiveCount: number): SQSRecord => ({
  ...record,
  attributes: { ...record.attributes, ApproximateReceiveCount: String(ApproximateReceiveCount) },
});

test("answers a batch without messages with no failures", async () => {
  await using fn = await startFunction();

  expect(await fn.worker({ Records: [] }, { getRemainingTimeInMillis: () => 10_000 })).toEqual({
    batchItemFailures: [],
  });
  expect(fn.cloud.callsOf("ChangeMessageVisibilityBatch")).toEqual([]);
});

describe("an event that fails", () => {
  test("is reported by its message's id, with those behind it in its conversation, and no others", async () => {
    const { bot, handled } = createBot((text) => text === "a2");
    await using fn = await startFunction({ bot });
    const records = ["a1", "b1", "a2", "b2", "a3", "c1"].map((text) =>
      toMessage(inGroup(text, text.slice(0, 1)), text.slice(0, 1)),
    );

    const answer = await fn.worker({ Records: records }, { getRemainingTimeInMillis: () => 10_000 });

    expect(answer).toEqual({
      batchItemFailures: [records[2], records[4]].map((record) => ({ itemIdentifier: record?.messageId })),
    });
    expect(handled.toSorted()).toEqual(["a1", "b1", "b2", "c1"]);
  });

  test("is given back to the queue with what is behind it, for a little longer each time", async () => {
    const { bot } = createBot((text) => text === "bad");
    await using fn = await startFunction({ bot });
    await fn.receive(signed(callback(inGroup("bad", "C1"), inGroup("behind", "C1"))));

    await fn.deliver();
    await fn.deliver();

    expect(pauses(fn.cloud)).toEqual([
      [1, 1],
      [3, 3],
    ]);
  });

  test("is a dead letter after three receives, and what is behind it is handled then", async () => {
    const { bot, handled } = createBot((text) => text === "bad");
    await using fn = await startFunction({ bot });
    await fn.receive(signed(callback(inGroup("bad", "C1"), inGroup("behind 1", "C1"), inGroup("behind 2", "C1"))));

    await fn.deliver();
    await fn.deliver();
    expect(handled).toEqual([]);
    const left = await fn.deliver();

    expect(handled).toEqual(["behind 1", "behind 2"]);
    expect(left).toHaveLength(1);
    expect(pauses(fn.cloud).at(-1)).toEqual([0]);
    expect(outcomes(fn.log()).filter((outcome) => outcome === "failed")).toHaveLength(3);
  });

  test("leaves the others' time to them when it is received for the last time", async () => {
    const never = new Promise<void>(() => undefined);
    const handled: string[] = [];
    await using fn = await startFunction({
      bot: { message: { text: ({ event }) => (event.message.text === "hangs" ? never : void handled.push("behind")) } },
      invocationMs: 3500,
    });
    const records = [toMessage(inGroup("hangs", "C1"), "C1"), toMessage(inGroup("behind", "C1"), "C1")];

    const left = await fn.deliver(records.map((record) => countReceives(record, 3)));

    expect(left).toHaveLength(1);
    expect(handled).toEqual(["behind"]);
  });

  test("comes back by itself when it cannot be given back", async () => {
    const { bot } = createBot(() => true);
    await using fn = await startFunction({ bot });
    fn.cloud.override = (call) =>
      operationOf(call) === "ChangeMessageVisibilityBatch"
        ? { status: 400, body: { __type: "AccessDenied" } }
        : undefined;

    await fn.receive(signed(callback(textEvent("bad"))));

    expect(await fn.deliver()).toHaveLength(1);
    expect(fn.log().at(-1)).toMatchObject({
      level: "WARN",
      message: "messages not given back",
      messages: 1,
      error: "AwsCallFailed",
      code: "AccessDenied",
    });
  });

  test.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["a string", () => "text"],
    ["null", () => null],
    ["a rejected promise", () => Promise.reject(new Error("x"))],
  ])("may throw %s", async (_, thrown) => {
    await using fn = await startFunction({
      bot: {
        async follow() {
          throw await thrown();
        },
      },
    });

    await fn.receive(signed(callback(event("follow"))));

    expect(await fn.deliver()).toHaveLength(1);
    expect(outcomes(fn.log())).toEqual(["failed"]);
  });
});

test("does not begin with an event that would have no time, and gives it back at once", async () => {
  const { bot, handled } = createBot();
  await using fn = await startFunction({ bot, invocationMs: 1900 });
  await fn.receive(signed(callback(textEvent("late"))));

  expect(await fn.deliver()).toHaveLength(1);

  expect(handled).toEqual([]);
  expect(pauses(fn.cloud)).toEqual([[0]]);
  expect(fn.counted).toEqual(["EventPostponed"]);
  expect(fn.log().at(-1)).toMatchObject({ level: "WARN", message: "event", outcome: "postponed", error: "NoTimeLeft" });
});

test.each([
  ["no JSON", "{", "the body"],
  ["no event", '{"destination":"U","correlationId":"x"}', "event"],
  [
    "an event without an id",
    JSON.stringify({ destination: "U", correlationId: "x", event: { type: "x" } }),
    "event.mode",
  ],
])("reports a message with %s, which is none of the receiver's", async (_, MessageBody) => {
  await using fn = await startFunction();

  expect(await fn.deliver([toRecord({ MessageBody, MessageGroupId: "x" })])).toHaveLength(1);
  expect(fn.log()).toMatchObject([{ level: "ERROR", outcome: "failed", error: "MalformedMessage" }]);
});

describe("an event that comes twice", () => {
  const same = { webhookEventId: "01FZ74A0TDDPYRVKNK77XKC3ZR" };
  const again = { ...same, deliveryContext: { isRedelivery: true } };

  test("is handled once, however much later it comes again", async () => {
    const { bot, handled } = createBot();
    await using fn = await startFunction({ bot });

    await fn.deliver([toMessage(textEvent("once", same), "U")]);
    await fn.deliver([toMessage(textEvent("once", again), "U")]);

    expect(handled).toEqual(["once"]);
    expect(outcomes(fn.log())).toEqual(["handled", "duplicate"]);
    expect(fn.counted).toEqual(["EventHandled", "EventDuplicate"]);
  });

  /** A bot that tells when it has begun, and goes on when it may. */
  function createSlowBot() {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const times = { handled: 0 };
    const bot: Bot = {
      message: {
        async text() {
          times.handled += 1;
          begun.resolve();
          await end.promise;
        },
      },
    };
    return { bot, begun: begun.promise, end: end.resolve, times };
  }

  test("to two workers at once is handled by one, and the other waits for it", async () => {
    const { bot, begun, end, times } = createSlowBot();
    await using one = await startFunction({ bot });
    await using other = await startFunction({ bot, table: one.table });
    const record = toMessage(textEvent("once", same), "U");

    const first = one.deliver([record]);
    await begun;
    const second = other.deliver([record]);
    await expect.poll(() => other.cloud.callsOf("PutItem").length).toBeGreaterThan(1);
    end();

    expect(await first).toEqual([]);
    expect(await second).toEqual([]);
    expect(times.handled).toBe(1);
    expect(outcomes(other.log())).toEqual(["duplicate"]);
    expect(other.counted).toEqual(["EventDuplicate"]);
  });

  test("is given back for as long as the other worker may have it, when waiting takes all the time", async () => {
    const { bot, begun, end } = createSlowBot();
    await using one = await startFunction({ bot });
    await using other = await startFunction({ bot, table: one.table, invocationMs: 2100 });
    const record = toMessage(textEvent("once", same), "U");

    const first = one.deliver([record]);
    await begun;

    expect(await other.deliver([record])).toHaveLength(1);
    expect(pauses(other.cloud)).toEqual([[3]]);
    expect(other.log()).toMatchObject([{ level: "WARN", outcome: "postponed", error: "InProgressElsewhere" }]);
    expect(other.counted).toEqual(["EventPostponed"]);
    end();
    expect(await first).toEqual([]);
  });

  test("is handled again after it failed, and not after it is done", async () => {
    let fails = true;
    const { bot, handled } = createBot(() => fails);
    await using fn = await startFunction({ bot });
    await fn.receive(signed(callback(textEvent("later"))));

    expect(await fn.deliver()).toHaveLength(1);
    fails = false;
    expect(await fn.deliver()).toEqual([]);
    await fn.deliver(fn.cloud.queue.map((message) => toRecord(message)));

    expect(handled).toEqual(["later"]);
  });
});

describe("the table of events", () => {
  test("holds hashes, states and times, and lets go of them after a month", async () => {
    const { bot } = createBot();
    await using fn = await startFunction({ bot });

    await fn.send(signed(callback(textEvent("hello"), event("unsend", { unsend: { messageId: "1" } }))));

    const items = await fn.table.items();
    const names = items.flatMap((item) => Object.keys(item));
    expect(new Set(names)).toEqual(new Set(["id", "expiration", "in_progress_expiration", "status"]));
    const inAMonth = Date.now() / 1000 + 30 * 24 * 60 * 60;
    for (const { id, expiration } of items) {
      expect(id?.S).toMatch(/^(event|unsent)#[A-Za-z0-9+/]{43}=$/);
      expect(Math.abs(Number(expiration?.N) - inAMonth)).toBeLessThan(60);
    }
  });

  test("counts by its own time, not by when DynamoDB deletes what has expired", async () => {
    const { bot, handled } = createBot();
    await using fn = await startFunction({ bot });
    const record = toMessage(textEvent("again"), "U");
    await fn.deliver([record]);
    const [item] = await fn.table.items();
    await fn.table.put({ ...item, expiration: { N: String(Math.floor(Date.now() / 1000) - 1) } });

    await fn.deliver([record]);

    expect(handled).toEqual(["again", "again"]);
  });

  const failing =
    (operation: string, __type: string): Cloud["override"] =>
    (call) =>
      operationOf(call) === operation
        ? { status: 400, body: { __type: `com.amazonaws.dynamodb.v20120810#${__type}` } }
        : undefined;

  test.each(["ThrottlingException", "ResourceNotFoundException"])(
    "that cannot take a lease fails the event with %s, which is handled once it can",
    async (error) => {
      const { bot, handled } = createBot();
      await using fn = await startFunction({ bot });
      await fn.receive(signed(callback(event("unfollow"), textEvent("hello"))));
      fn.cloud.override = failing("PutItem", error);

      expect(await fn.deliver()).toHaveLength(1);
      expect(handled).toEqual([]);
      expect(fn.log().at(-1)).toMatchObject({ error: "IdempotencyPersistenceLayerError", cause: error });

      fn.cloud.override = () => undefined;
      expect(await fn.deliver()).toEqual([]);
      expect(handled).toEqual(["hello"]);
    },
  );

  test("that is throttled for a moment fails nothing", async () => {
    const { bot, handled } = createBot();
    await using fn = await startFunction({ bot });
    const throttled = ["PutItem", "GetItem", "UpdateItem"];
    fn.cloud.override = (call) => {
      const at = throttled.indexOf(operationOf(call) ?? "");
      return at === -1 ? undefined : failing(throttled.splice(at, 1)[0] ?? "", "ThrottlingException")(call);
    };

    await fn.send(signed(callback(textEvent("hello"))));

    expect(throttled).toEqual([]);
    expect(handled).toEqual(["hello"]);
    expect(outcomes(fn.log())).toEqual(["handled"]);
  });

  test("that cannot note an event as done does not have it done again", async () => {
    const { bot, handled } = createBot();
    await using fn = await startFunction({ bot });
    fn.cloud.override = failing("UpdateItem", "ResourceNotFoundException");
    await fn.receive(signed(callback(textEvent("hello"))));

    expect(await fn.deliver()).toEqual([]);

    expect(handled).toEqual(["hello"]);
    expect(fn.log()).toMatchObject([
      { message: "webhook" },
      { level: "WARN", message: "event not noted as done" },
      { message: "event", outcome: "handled" },
    ]);
  });

  test("that cannot free an event that failed does not hide why it failed", async () => {
    const { bot } = createBot(() => true);
    await using fn = await startFunction({ bot });
    fn.cloud.override = failing("DeleteItem", "ResourceNotFoundException");
    await fn.receive(signed(callback(textEvent("hello"))));

    expect(await fn.deliver()).toHaveLength(1);
    expect(fn.log().at(-1)).toMatchObject({
      outcome: "failed",
      error: "Error",
      at: expect.stringContaining("work-batch.test"),
    });
  });
});

describe("a message that its writer took back", () => {
  const message = (id: string) =>
    textEvent("taken back", { message: { type: "text", id, text: "x", quoteToken: "q" } });
  const unsend = (messageId: string) => event("unsend", { unsend: { messageId } });

  test("is not handled when it comes after that", async () => {
    const types: string[] = [];
    await using fn = await startFunction({ bot: { otherwise: ({ event }) => void types.push(event.type) } });

    await fn.send(signed(callback(unsend("1"), message("1"), message("2"))));

    expect(types).toEqual(["unsend", "message"]);
    expect(outcomes(fn.log())).toEqual(["handled", "unsent", "handled"]);
  });

  test("is handled when it comes before that, and the bot hears of both", async () => {
    const types: string[] = [];
    await using fn = await startFunction({ bot: { otherwise: ({ event }) => void types.push(event.type) } });

    await fn.send(signed(callback(message("1"), unsend("1"))));

    expect(types).toEqual(["message", "unsend"]);
  });

  test("is not handled either by a bot that has no handler for that", async () => {
    const { bot, handled } = createBot();
    await using fn = await startFunction({ bot });

    await fn.send(signed(callback(unsend("1"), message("1"))));

    expect(handled).toEqual([]);
  });
});

test("counts what becomes of each event", async () => {
  const { bot } = createBot((text) => text === "bad");
  await using fn = await startFunction({ bot });
  const group = (groupId: string) => ({ source: { type: "group", groupId } });

  await fn.send(
    signed(
      callback(
        inGroup("good", "C1"),
        inGroup("bad", "C2"),
        event("teleport", group("C3")),
        textEvent("silent", { mode: "standby", ...group("C4") }),
      ),
    ),
  );

  expect(fn.counted.toSorted()).toEqual(["EventFailed", "EventHandled", "EventIgnored", "EventIgnored"]);
});
