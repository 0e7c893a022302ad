import { describe, expect, test } from "vitest";
import type { Bot } from "../../functions/bot-interface.ts";
import { callback, event, signed, textEvent, userId, type Answer, type Call, type Cloud } from "./cloud.ts";
import { startFunction, toRecord } from "./setup.ts";

const replyPath = "/v2/bot/message/reply";
const pushPath = "/v2/bot/message/push";
const never = new Promise<never>(() => undefined);
const invalidToken = { status: 400, body: { message: "Invalid reply token" } };

const answer =
  (path: string, ...answers: Answer[]) =>
  (call: Call) =>
    call.path === path ? answers.shift() : undefined;
const always = (path: string, given: Answer) => (call: Call) => (call.path === path ? given : undefined);

const retryKeys = (cloud: Cloud) => cloud.callsTo(pushPath).map(({ headers }) => headers["x-line-retry-key"]);
const textsTo = (cloud: Cloud, path: string) =>
  cloud
    .callsTo(path)
    .flatMap(({ body }) => (JSON.parse(body) as { messages: { text: string }[] }).messages.map(({ text }) => text));
const outcomes = (log: Record<string, unknown>[]) =>
  log.filter(({ message }) => message === "event").map(({ outcome }) => outcome);

const onText = (text: NonNullable<Bot["message"]>["text"] & {}): Bot => ({ message: { text } });
const hello = () => signed(callback(textEvent("hello")));

describe("a reply that LINE refuses", () => {
  test("is final for an event that comes for the first time: an error is logged, and the event is done", async () => {
    await using fn = await startFunction({ bot: onText(({ reply }) => reply("hi")) });
    fn.cloud.override = always(replyPath, invalidToken);

    await fn.send(hello());

    expect(fn.cloud.callsTo(replyPath)).toHaveLength(1);
    expect(await fn.deliver()).toEqual([]);
    expect(fn.log()).toMatchObject([
      { message: "webhook" },
      { level: "ERROR", message: "reply refused", status: 400 },
      { level: "ERROR", message: "event", outcome: "reply refused" },
    ]);
    expect(fn.counted).toEqual(["ReplyRefused", "EventFailed"]);
  });

  test("was given before when the event failed after it, and the rest of the handler runs", async () => {
    const steps: string[] = [];
    await using fn = await startFunction({
      bot: onText(async ({ reply }) => {
        await reply("hi");
        steps.push("replied");
        if (steps.length === 1) throw new Error("what follows the reply fails");
      }),
    });
    fn.cloud.override = (call) =>
      call.path === replyPath && fn.cloud.callsTo(replyPath).length > 1 ? invalidToken : undefined;
    await fn.receive(hello());

    expect(await fn.deliver()).toHaveLength(1);
    expect(await fn.deliver()).toEqual([]);

    expect(steps).toEqual(["replied", "replied"]);
    expect(outcomes(fn.log())).toEqual(["failed", "handled"]);
    expect(fn.log().filter(({ message }) => message === "reply given before")).toMatchObject([{ level: "WARN" }]);
  });

  test("was given before when LINE sends the event again", async () => {
    await using fn = await startFunction({ bot: onText(({ reply }) => reply("hi")) });
    fn.cloud.override = always(replyPath, invalidToken);

    await fn.send(signed(callback(textEvent("hello", { deliveryContext: { isRedelivery: true } }))));

    expect(outcomes(fn.log())).toEqual(["handled"]);
  });

  test.each<[string, Answer]>([
    ["its answer was lost", { status: 500, body: "" }],
    ["LINE failed after it", { status: 502, body: "<html>" }],
  ])("was given by the try before when %s", async (_, lost) => {
    await using fn = await startFunction({ bot: onText(({ reply }) => reply("hi")) });
    fn.cloud.override = answer(replyPath, lost, invalidToken);

    await fn.send(hello());

    expect(fn.cloud.callsTo(replyPath)).toHaveLength(2);
    expect(outcomes(fn.log())).toEqual(["handled"]);
    expect(fn.counted).toEqual(["EventHandled"]);
  });

  test("was not given by a try that LINE had no room for", async () => {
    await using fn = await startFunction({ bot: onText(({ reply }) => reply("hi")) });
    fn.cloud.override = answer(replyPath, { status: 429 }, invalidToken);

    await fn.send(hello());

    expect(outcomes(fn.log())).toEqual(["reply refused"]);
  });

  test("was not given before when LINE finds fault with its messages, however often the event came", async () => {
    await using fn = await startFunction({ bot: onText(({ reply }) => reply("")) });
    const details = [{ message: "May not be empty", property: "messages[0].text" }];
    fn.cloud.override = always(replyPath, {
      status: 400,
      body: { message: "The request body has 1 error(s)", details },
    });

    await fn.send(signed(callback(textEvent("hello", { deliveryContext: { isRedelivery: true } }))));

    expect(fn.log()).toContainEqual(expect.objectContaining({ level: "ERROR", message: "reply refused" }));
    expect(fn.counted).toContain("ReplyRefused");
  });

  test("does not end a handler that catches it", async () => {
    await using fn = await startFunction({
      bot: onText(async ({ reply, push }) => {
        await reply("hi").catch(() => push("by push"));
      }),
    });
    fn.cloud.override = always(replyPath, invalidToken);

    await fn.send(hello());

    expect(textsTo(fn.cloud, pushPath)).toEqual(["by push"]);
    expect(outcomes(fn.log())).toEqual(["handled"]);
  });
});

describe("a push", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  test.each([
    ["the user", { type: "user", userId: "U1" }, "U1"],
    ["the group", { type: "group", groupId: "C1", userId: "U1" }, "C1"],
    ["the room", { type: "room", roomId: "R1", userId: "U1" }, "R1"],
  ])("goes to %s whose chat it is", async (_, source, to) => {
    await using fn = await startFunction({ bot: { unfollow: ({ push }) => push("one", "two") } });

    await fn.send(signed(callback(event("unfollow", { source }))));

    const [call] = fn.cloud.callsTo(pushPath);
    expect(JSON.parse(call?.body ?? "")).toEqual({
      to,
      messages: [
        { type: "text", text: "one" },
        { type: "text", text: "two" },
      ],
    });
  });

  test("has no one to go to where the event has no source", async () => {
    await using fn = await startFunction({ bot: { accountLink: ({ push }) => push("x") } });

    await fn.send(
      signed(callback(event("accountLink", { source: undefined, link: { result: "failed", nonce: "n" } }))),
    );

    expect(outcomes(fn.log())).toEqual(["failed"]);
    expect(fn.cloud.callsTo(pushPath)).toEqual([]);
  });

  test("has a key of its own, which is the same when the event is handled again", async () => {
    await using fn = await startFunction({
      bot: onText(async ({ push }) => {
        await Promise.all([push("one"), push("two")]);
      }),
    });
    await fn.receive(hello());
    fn.cloud.override = always(pushPath, { status: 403 });
    await fn.deliver();
    fn.cloud.override = always(pushPath, { status: 409, body: { message: "The retry key is already accepted" } });
    await fn.deliver();

    const [one, two, oneAgain, twoAgain] = retryKeys(fn.cloud);
    expect(one).toMatch(uuid);
    expect(two).toMatch(uuid);
    expect(new Set([one, two]).size).toBe(2);
    expect([oneAgain, twoAgain]).toEqual([one, two]);
    expect(outcomes(fn.log())).toEqual(["failed", "handled"]);
  });

  test("is noted, and not made again when LINE has forgotten its key, as it does after a day", async () => {
    let times = 0;
    await using fn = await startFunction({
      bot: onText(async ({ push }) => {
        await push("hi");
        times += 1;
        if (times === 1) throw new Error("after the push");
      }),
    });
    await fn.receive(hello());

    await fn.deliver();
    await fn.deliver();

    expect(outcomes(fn.log())).toEqual(["failed", "handled"]);
    expect(fn.cloud.callsTo(pushPath)).toHaveLength(1);
  });

  test("of another event has another key", async () => {
    await using fn = await startFunction({ bot: onText(({ push }) => push("hi")) });

    await fn.send(signed(callback(textEvent("1"), textEvent("2"))));

    expect(new Set(retryKeys(fn.cloud)).size).toBe(2);
  });

  test.each([429, 500, 502, 503, 504])("is sent again with the same key after %i", async (status) => {
    await using fn = await startFunction({ bot: onText(({ push }) => push("hi")) });
    fn.cloud.override = answer(pushPath, { status }, { status });

    await fn.send(hello());

    expect(fn.cloud.callsTo(pushPath)).toHaveLength(3);
    expect(new Set(retryKeys(fn.cloud)).size).toBe(1);
    expect(outcomes(fn.log())).toEqual(["handled"]);
  });

  test("is sent again with the same key when LINE does not answer", async () => {
    await using fn = await startFunction({ bot: onText(({ push }) => push("hi")), invocationMs: 30_000 });
    fn.cloud.override = answer(pushPath, { after: never });

    await fn.send(hello());

    expect(new Set(retryKeys(fn.cloud)).size).toBe(1);
    expect(fn.cloud.callsTo(pushPath)).toHaveLength(2);
  });

  test.each<[string, Answer, { monthlyLimit: boolean }]>([
    [
      "LINE knows nobody of that id",
      { status: 400, body: { message: "Failed to send messages" } },
      { monthlyLimit: false },
    ],
    [
      "the month's limit",
      { status: 429, body: { message: "You have reached your monthly limit." } },
      { monthlyLimit: true },
    ],
  ])("is not tried again after %s, and says at once that a user has no answer", async (_, refusal, fields) => {
    await using fn = await startFunction({ bot: onText(({ push }) => push("hi")) });
    fn.cloud.override = always(pushPath, refusal);

    await fn.receive(hello());
    expect(await fn.deliver()).toHaveLength(1);

    expect(fn.cloud.callsTo(pushPath)).toHaveLength(1);
    expect(fn.log()).toContainEqual(expect.objectContaining({ level: "ERROR", message: "push refused", ...fields }));
  });

  test("is given up when LINE keeps failing, and the event is handled again later", async () => {
    await using fn = await startFunction({ bot: onText(({ push }) => push("hi")) });
    fn.cloud.override = always(pushPath, { status: 500 });
    await fn.receive(hello());

    expect(await fn.deliver()).toHaveLength(1);
    expect(fn.cloud.callsTo(pushPath)).toHaveLength(5);

    fn.cloud.override = () => undefined;
    expect(await fn.deliver()).toEqual([]);
    expect(new Set(retryKeys(fn.cloud)).size).toBe(1);
  });
});

describe("what a handler sends through LINE's client", () => {
  const multicastPath = "/v2/bot/message/multicast";
  const messages = [{ type: "text" as const, text: "hi" }];
  const bot = onText(async ({ line }) => {
    await line.multicast({ to: [userId], messages });
    await line.multicast({ to: [userId], messages });
    await line.pushMessage({ to: userId, messages }, "123e4567-e89b-12d3-a456-426614174000");
  });

  test("carries a key for each message, which is the same when the event is handled again, or the handler's own", async () => {
    await using fn = await startFunction({ bot });
    fn.cloud.override = (call) => (call.path === multicastPath ? {} : always(pushPath, { status: 403 })(call));
    await fn.receive(hello());
    await fn.deliver();
    await fn.deliver();

    const keys = fn.cloud.callsTo(multicastPath).map(({ headers }) => headers["x-line-retry-key"]);
    expect(new Set(keys).size).toBe(2);
    expect(keys.slice(2)).toEqual(keys.slice(0, 2));
    expect(new Set(retryKeys(fn.cloud))).toEqual(new Set(["123e4567-e89b-12d3-a456-426614174000"]));
  });

  test("is sent when LINE has accepted it before", async () => {
    let answered: unknown;
    const body = { message: "The retry key is already accepted", sentMessages: [{ id: "1" }] };
    await using fn = await startFunction({
      bot: onText(async ({ line }) => {
        answered = await line.pushMessage({ to: userId, messages });
      }),
    });
    fn.cloud.override = always(pushPath, { status: 409, body });

    await fn.send(hello());

    expect(outcomes(fn.log())).toEqual(["handled"]);
    expect(answered).toMatchObject({ sentMessages: [{ id: "1" }] });
  });
});

describe("replyOrPush", () => {
  const bot = onText(({ replyOrPush }) => replyOrPush("hi"));

  test("replies, which is free", async () => {
    await using fn = await startFunction({ bot });

    await fn.send(hello());

    expect(fn.cloud.replies()).toEqual(["hi"]);
    expect(fn.cloud.callsTo(pushPath)).toEqual([]);
  });

  test("pushes when LINE refuses the reply token", async () => {
    await using fn = await startFunction({ bot });
    fn.cloud.override = always(replyPath, invalidToken);

    await fn.send(hello());

    expect(textsTo(fn.cloud, pushPath)).toEqual(["hi"]);
    expect(outcomes(fn.log())).toEqual(["handled"]);
  });

  test("pushes when the reply is given already, and when the event has no token", async () => {
    await using fn = await startFunction({
      bot: {
        async follow({ reply, replyOrPush }) {
          await reply("one");
          await replyOrPush("two");
        },
        otherwise: ({ replyOrPush }) => replyOrPush("bye"),
      },
    });

    await fn.send(signed(callback(event("follow", { replyToken: "t" }), event("unfollow"))));

    expect(fn.cloud.replies()).toEqual(["one"]);
    expect(textsTo(fn.cloud, pushPath)).toEqual(["two", "bye"]);
  });

  test("does not push what it has replied before, when the event is handled again", async () => {
    let times = 0;
    await using fn = await startFunction({
      bot: onText(async ({ replyOrPush }) => {
        await replyOrPush("hi");
        times += 1;
        if (times === 1) throw new Error("after the answer");
      }),
    });
    await fn.receive(hello());
    await fn.deliver();
    fn.cloud.override = always(replyPath, invalidToken);

    expect(await fn.deliver()).toEqual([]);

    expect(fn.cloud.replies()).toEqual(["hi"]);
    expect(fn.cloud.callsTo(pushPath)).toEqual([]);
  });

  test.each([
    ["pushes when the event comes back too late for a reply that LINE's faults prevented", 56_000, ["hi"]],
    ["does not push when the event comes back soon: then the token is used up by a reply", 20_000, []],
  ])("%s", async (_, agoMs, pushed) => {
    await using fn = await startFunction({ bot });
    await fn.receive(signed(callback(textEvent("hello", { timestamp: Date.now() - agoMs }))));
    fn.cloud.override = always(replyPath, { status: 500 });
    expect(await fn.deliver()).toHaveLength(1);
    fn.cloud.override = always(replyPath, invalidToken);

    expect(await fn.deliver()).toEqual([]);

    expect(textsTo(fn.cloud, pushPath)).toEqual(pushed);
    expect(outcomes(fn.log())).toEqual(["failed", "handled"]);
  });
});

describe("when the time of the reply token is over", () => {
  const past = (request: ReturnType<typeof hello>, agoMs: number) => ({
    ...request,
    requestContext: { ...request.requestContext, timeEpoch: Date.now() - agoMs },
  });
  const old = (agoMs: number) => signed(callback(textEvent("hello", { timestamp: Date.now() - agoMs })));

  test.each([
    ["a minute after LINE's request", past(hello(), 61_000)],
    ["twenty minutes after the event, as out of the dead letters", old(21 * 60_000)],
  ])("%s, no reply is sent, the log says so as an error, and the handler goes on", async (_, request) => {
    const steps: unknown[] = [];
    await using fn = await startFunction({
      bot: onText(async ({ canReply, reply }) => {
        steps.push(canReply());
        await reply("hi");
        steps.push("ended");
      }),
    });

    await fn.send(request);

    expect(steps).toEqual([false, "ended"]);
    expect(fn.cloud.callsTo(replyPath)).toEqual([]);
    expect(fn.log().at(-1)).toMatchObject({ level: "ERROR", message: "event", outcome: "reply too late" });
    expect(fn.counted).toEqual(["ReplyTooLate"]);
    expect(await fn.deliver()).toEqual([]);
  });

  test("an answer that must not be missed is pushed, without a reply that would be refused", async () => {
    await using fn = await startFunction({ bot: onText(({ replyOrPush }) => replyOrPush("hi")) });

    await fn.send(past(hello(), 61_000));

    expect(fn.cloud.callsTo(replyPath)).toEqual([]);
    expect(textsTo(fn.cloud, pushPath)).toEqual(["hi"]);
    expect(fn.log()).toContainEqual(
      expect.objectContaining({ level: "WARN", message: "reply too late, pushed instead" }),
    );
    expect(outcomes(fn.log())).toEqual(["handled"]);
  });

  test("a handler can know it before it works out an answer, and that it has replied", async () => {
    const known: boolean[] = [];
    await using fn = await startFunction({
      bot: {
        ...onText(async ({ canReply, reply }) => {
          known.push(canReply());
          await reply("hi");
          known.push(canReply());
        }),
        otherwise: ({ canReply }) => void known.push(canReply()),
      },
    });

    await fn.send(past(hello(), 50_000));
    await fn.send(signed(callback(event("unfollow"))));

    expect(known).toEqual([true, false, false]);
    expect(fn.cloud.replies()).toEqual(["hi"]);
  });

  test("an event that LINE sends again has its minute from that request on", async () => {
    await using fn = await startFunction({ bot: onText(({ reply }) => reply("hi")) });
    const again = { timestamp: Date.now() - 10 * 60_000, deliveryContext: { isRedelivery: true } };

    await fn.send(signed(callback(textEvent("hello", again))));

    expect(fn.cloud.replies()).toEqual(["hi"]);
    expect(outcomes(fn.log())).toEqual(["handled"]);
  });
});

describe("an answer that its handler did not wait for", () => {
  const messages = [{ type: "text" as const, text: "hi" }];

  test.each([
    ["is sent", onText(({ reply }) => void reply("hi"))],
    [
      "and that goes through LINE's client is sent",
      onText(({ event, line }) => void line.replyMessage({ replyToken: event.replyToken ?? "", messages })),
    ],
  ])("%s before the event is done", async (_, bot) => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    await using fn = await startFunction({ bot });
    fn.cloud.override = always(replyPath, { body: { sentMessages: [] }, after: held });
    await fn.receive(hello());
    const delivered = fn.deliver();
    await expect.poll(() => fn.cloud.replies()).toEqual(["hi"]);
    expect(outcomes(fn.log())).toEqual([]);

    release();

    expect(await delivered).toEqual([]);
    expect(outcomes(fn.log())).toEqual(["handled"]);
  });

  test.each([
    ["is a push", onText(({ push }) => void push("hi"))],
    ["goes through LINE's client", onText(({ line }) => void line.pushMessage({ to: userId, messages }))],
  ])("fails the event when it %s and fails", async (_, bot) => {
    await using fn = await startFunction({ bot });
    fn.cloud.override = always(pushPath, { status: 403 });
    await fn.receive(hello());

    expect(await fn.deliver()).toHaveLength(1);
  });

  test("does not fail the event when its handler has seen to the failure", async () => {
    await using fn = await startFunction({
      bot: onText(async ({ push }) => {
        try {
          await push("hi");
        } catch {
          // It is only a courtesy.
        }
        void push("hi").catch(() => undefined);
      }),
    });
    fn.cloud.override = always(pushPath, { status: 403 });
    await fn.receive(hello());

    expect(await fn.deliver()).toEqual([]);
  });
});

describe("the loading indicator", () => {
  const loadingPath = "/v2/bot/chat/loading/start";
  const loadingAfterMs = 1;

  test("is shown to a user whose answer takes long, before the answer", async () => {
    const { promise: shown, resolve } = Promise.withResolvers<void>();
    await using fn = await startFunction({
      loadingAfterMs,
      bot: onText(async ({ reply }) => {
        await shown;
        await reply("at last");
      }),
    });
    fn.cloud.override = (call) => {
      if (call.path === loadingPath) resolve();
      return undefined;
    };

    await fn.send(hello());

    expect(fn.cloud.callsTo(loadingPath).map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { chatId: userId, loadingSeconds: 10 },
    ]);
    expect(fn.cloud.replies()).toEqual(["at last"]);
  });

  test("is never shown after the answer, for which LINE would have to show another one", async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const events: string[] = [];
    await using fn = await startFunction({
      loadingAfterMs,
      bot: onText(async ({ reply }) => {
        await asked;
        await reply("at last");
      }),
    });
    const shown = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      events.push("shown");
    };
    fn.cloud.override = (call) => {
      if (call.path === replyPath) events.push("answered");
      if (call.path !== loadingPath) return undefined;
      ask();
      return { status: 202, after: shown() };
    };

    await fn.send(hello());

    expect(events).toEqual(["shown", "answered"]);
  });

  test("that LINE refuses is no failure of the event", async () => {
    const { promise: shown, resolve } = Promise.withResolvers<void>();
    await using fn = await startFunction({
      loadingAfterMs,
      bot: onText(async ({ reply }) => {
        await shown;
        await reply("at last");
      }),
    });
    fn.cloud.override = (call) => {
      if (call.path !== loadingPath) return undefined;
      resolve();
      return { status: 429 };
    };

    await fn.send(hello());

    expect(fn.cloud.replies()).toEqual(["at last"]);
    expect(outcomes(fn.log())).toEqual(["handled"]);
  });

  const waits = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 30);
    await promise;
  };

  test.each<[string, Bot, Record<string, unknown>]>([
    ["of a bot that wants none", { loadingIndicator: false, ...onText(waits) }, textEvent("x")],
    ["in a group", onText(waits), textEvent("x", { source: { type: "group", groupId: "C1", userId } })],
    ["for an event that takes no answer", { unfollow: waits }, event("unfollow")],
    ["for an answer that is quick", onText(({ reply }) => reply("hi")), textEvent("x")],
  ])("is not shown %s", async (name, bot, sent) => {
    await using fn = await startFunction({ bot, loadingAfterMs: name.endsWith("quick") ? 30_000 : loadingAfterMs });

    await fn.deliver([
      toRecord({
        MessageBody: JSON.stringify({ destination: "U", correlationId: "x", event: sent }),
        MessageGroupId: "g",
      }),
    ]);

    expect(outcomes(fn.log())).toEqual(["handled"]);
    expect(fn.cloud.callsTo(loadingPath)).toEqual([]);
  });

  test("is not shown for a handler that was cut", async () => {
    await using fn = await startFunction({ loadingAfterMs: 700, invocationMs: 2050, bot: onText(() => never) });
    await fn.receive(hello());

    expect(await fn.deliver()).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 300)); // It would be shown by then.

    expect(fn.log().filter(({ message }) => message === "loading indicator not shown")).toEqual([]);
    expect(fn.cloud.callsTo(loadingPath)).toEqual([]);
  });

  test("does not make an event of the option's name a call", async () => {
    await using fn = await startFunction({ bot: { loadingIndicator: true } });

    await fn.send(signed(callback(event("loadingIndicator"))));

    expect(outcomes(fn.log())).toEqual(["ignored"]);
  });
});
