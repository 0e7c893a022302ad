import { describe, expect, test } from "vitest";
import { callback, event, signed, textEvent, userId, type Answer, type Call } from "./cloud.ts";
import { startFunction } from "./setup.ts";

const isReply = ({ path }: Call) => path === "/v2/bot/message/reply";
const bearer = ({ headers }: Call) => headers.authorization;
const eventLines = (log: Record<string, unknown>[]) => log.filter(({ message }) => message === "event");

/** Answers replies one after another with these, then as usual. */
function answerReplies(...answers: Answer[]) {
  return (call: Call) => (isReply(call) ? answers.shift() : undefined);
}

describe("the events of one request", () => {
  const inGroup = (text: string, groupId: string) => textEvent(text, { source: { type: "group", groupId, userId } });
  const inRoom = (text: string, roomId: string) => textEvent(text, { source: { type: "room", roomId, userId } });
  const inChat = (text: string, userId: string) => textEvent(text, { source: { type: "user", userId } });

  test.each([
    ["groups", inGroup],
    ["rooms", inRoom],
    ["users", inChat],
  ])("are handled in order within a conversation, and side by side across %s", async (_, inConversation) => {
    const steps: string[] = [];
    const { promise: other, resolve: otherIsDone } = Promise.withResolvers<void>();
    await using fn = await startFunction({
      bot: {
        message: {
          async text({ event }) {
            const { text } = event.message;
            steps.push(`start ${text}`);
            // The first conversation waits for the second, so one after the other would not end.
            if (text === "a1") await other;
            if (text === "b2") otherIsDone();
            await new Promise(setImmediate);
            steps.push(`end ${text}`);
          },
        },
      },
    });

    await fn.send(signed(callback(...["a1", "b1", "a2", "b2"].map((text) => inConversation(text, text.slice(0, 1))))));

    const of = (conversation: string) => steps.filter((step) => step.includes(conversation));
    expect(of(" a")).toEqual(["start a1", "end a1", "start a2", "end a2"]);
    expect(of(" b")).toEqual(["start b1", "end b1", "start b2", "end b2"]);
  });

  test("do not suffer from one of another conversation that fails, and wait for one of their own", async () => {
    await using fn = await startFunction({
      bot: {
        message: {
          async text({ event, reply }) {
            if (event.message.text === "bad") throw new TypeError("a secret text\n    at its secret text");
            await reply(event.message.text);
          },
        },
      },
    });

    const events = [inGroup("1", "C1"), inGroup("bad", "C1"), inGroup("behind", "C1"), inGroup("other", "C2")];
    expect(await fn.status(signed(callback(...events)))).toBe(200);

    expect(fn.cloud.replies().toSorted()).toEqual(["1", "other"]);
    const lines = eventLines(fn.log());
    expect(lines.map(({ outcome }) => String(outcome)).toSorted()).toEqual(["failed", "handled", "handled"]);
    expect(lines.find(({ outcome }) => outcome === "failed")).toMatchObject({
      level: "ERROR",
      type: "message",
      error: "TypeError",
      receiveCount: 1,
      at: expect.stringContaining("work.test.ts"),
      correlationId: "JKJaXmPLvHcESHA=",
    });
    expect(fn.lines.join("")).not.toContain("secret text");
  });

  test("may be a hundred, and take one token between them", async () => {
    await using fn = await startFunction();
    const events = Array.from({ length: 100 }, (_, index) => inGroup(`${index}`, `C${index % 10}`));

    await fn.send(signed(callback(...events)));

    expect(eventLines(fn.log()).filter(({ outcome }) => outcome !== "handled")).toEqual([]);
    expect(fn.cloud.replies()).toHaveLength(100);
    expect(fn.cloud.callsTo("/oauth2/v3/token")).toHaveLength(1);
  });
});

test.each([
  ["an unknown event", event("teleport", { replyToken: "t" })],
  ["an event named after a method", event("toString")],
  ["an event named after the prototype", event("__proto__")],
  [
    "a message edited, which the SDK does not know yet",
    event("messageEdited", { message: { type: "text", id: "1", text: "x" } }),
  ],
  ["an unknown message", event("message", { message: { type: "hologram", id: "1" } })],
  ["a message named after a method", event("message", { message: { type: "constructor", id: "1" } })],
  ["a message without a message", event("message")],
  ["a message that is null", event("message", { message: null })],
  ["a message taken back that names none", event("unsend", { unsend: null })],
  ["an event without a source", event("accountLink", { source: undefined, link: { result: "failed", nonce: "n" } })],
])("ignores %s, and answers the others", async (_, unknown) => {
  await using fn = await startFunction();

  expect(await fn.status(signed(callback(unknown, textEvent("hello"))))).toBe(200);

  expect(fn.cloud.replies()).toEqual(["You said: hello"]);
  const outcomes = eventLines(fn.log()).map(({ outcome }) => outcome);
  expect(new Set(outcomes)).toEqual(new Set(["handled", "ignored"]));
});

test("takes events with new properties and in another order of keys", async () => {
  await using fn = await startFunction();
  const entries = Object.entries(textEvent("hello", { later: { much: ["more"] } })).toReversed();

  expect(
    await fn.status(signed(`{"new":1,"events":[${JSON.stringify(Object.fromEntries(entries))}],"destination":"U"}`)),
  ).toBe(200);
  expect(fn.cloud.replies()).toEqual(["You said: hello"]);
});

test("hands what has no handler to the one for all else", async () => {
  const types: string[] = [];
  await using fn = await startFunction({
    bot: { follow: () => undefined, otherwise: ({ event }) => void types.push(event.type) },
  });

  await fn.send(signed(callback(event("teleport"), event("follow"), textEvent("x"))));

  expect(types).toEqual(["teleport", "message"]);
});

test("is silent in a chat that another channel has", async () => {
  await using fn = await startFunction();

  expect(await fn.status(signed(callback(textEvent("hello", { mode: "standby" }))))).toBe(200);

  expect(fn.cloud.calls.some(isReply)).toBe(false);
  expect(eventLines(fn.log())).toMatchObject([{ outcome: "standby" }]);
});

describe("a reply", () => {
  test("carries the event's token, several messages, and LINE's other kinds of message", async () => {
    await using fn = await startFunction({
      bot: { follow: ({ reply }) => reply("one", { type: "sticker", packageId: "1", stickerId: "2" }) },
    });

    await fn.send(signed(callback(event("follow", { replyToken: "the-token" }))));

    expect(JSON.parse(fn.cloud.calls.find(isReply)?.body ?? "")).toEqual({
      replyToken: "the-token",
      messages: [
        { type: "text", text: "one" },
        { type: "sticker", packageId: "1", stickerId: "2" },
      ],
    });
  });

  test("is cut at LINE's limit, between characters", async () => {
    await using fn = await startFunction({
      bot: { message: { text: ({ event, reply }) => reply("x".repeat(4998) + event.message.text) } },
    });

    for (const text of ["12", "123", "🍎🍎", "1🍎"]) await fn.send(signed(callback(textEvent(text))));

    expect(fn.cloud.replies().map((text) => text.slice(4998))).toEqual(["12", "1…", "…", "1…"]);
  });

  test("can be given once, and only to what came with a token", async () => {
    await using fn = await startFunction({
      bot: {
        async follow({ reply }) {
          await reply("first");
          await reply("second");
        },
        join: ({ reply }) => reply("hello"),
      },
    });

    const group = { type: "group", groupId: "C1" };
    await fn.send(signed(callback(event("follow", { replyToken: "t" }), event("join", { source: group }))));

    expect(fn.cloud.replies()).toEqual(["first"]);
    expect(eventLines(fn.log()).map(({ outcome }) => outcome)).toEqual(["failed", "failed"]);
  });

  test.each([429, 500, 503])("is sent again after %i", async (status) => {
    await using fn = await startFunction();
    fn.cloud.override = answerReplies({ status, body: { message: "later" } });

    await fn.send(signed(callback(textEvent("hello"))));

    expect(fn.cloud.calls.filter(isReply)).toHaveLength(2);
    expect(eventLines(fn.log())).toMatchObject([{ outcome: "handled" }]);
  });

  test.each([403, 404, 413])("is not sent again after %i, which is LINE's last word", async (status) => {
    await using fn = await startFunction();
    fn.cloud.override = answerReplies({ status, body: { message: "Invalid reply token" } });

    expect(await fn.status(signed(callback(textEvent("hello"))))).toBe(200);

    expect(fn.cloud.calls.filter(isReply)).toHaveLength(1);
    expect(eventLines(fn.log())).toMatchObject([{ outcome: "failed", error: "HTTPFetchError", status }]);
  });

  test("is given up when LINE keeps failing", async () => {
    await using fn = await startFunction();
    fn.cloud.override = (call) => (isReply(call) ? { status: 500 } : undefined);

    expect(await fn.status(signed(callback(textEvent("hello"))))).toBe(200);

    expect(fn.cloud.calls.filter(isReply)).toHaveLength(5);
    expect(eventLines(fn.log())).toMatchObject([{ outcome: "failed", status: 500 }]);
  });
});

describe("the access token", () => {
  test("is shared by requests until shortly before it expires", async () => {
    await using fn = await startFunction();
    fn.cloud.override = ({ path }) =>
      path === "/oauth2/v3/token"
        ? { body: { access_token: "short", expires_in: fn.cloud.callsTo(path).length === 1 ? 59 : 900 } }
        : undefined;

    for (let sent = 0; sent < 3; sent++)
      await fn.send(signed(callback(event("join", { replyToken: "t", source: undefined }))));

    // The first has less than a minute left, so it serves the call it was issued for, and no later one.
    expect(fn.cloud.callsTo("/oauth2/v3/token")).toHaveLength(2);
  });

  test("is renewed once when LINE refuses it", async () => {
    await using fn = await startFunction();
    fn.cloud.override = (call) => (isReply(call) && bearer(call) === "Bearer token-1" ? { status: 401 } : undefined);

    await fn.send(signed(callback(textEvent("one"), textEvent("two"))));

    expect(fn.cloud.calls.filter(isReply).map(bearer)).toEqual(["Bearer token-1", "Bearer token-2", "Bearer token-2"]);
    expect(eventLines(fn.log()).map(({ outcome }) => outcome)).toEqual(["handled", "handled"]);
  });

  test("is not renewed over and over when LINE refuses every one", async () => {
    await using fn = await startFunction();
    fn.cloud.override = (call) => (isReply(call) ? { status: 401 } : undefined);

    expect(await fn.status(signed(callback(textEvent("one"))))).toBe(200);

    expect(fn.cloud.calls.filter(isReply)).toHaveLength(2);
    expect(eventLines(fn.log())).toMatchObject([{ outcome: "failed", status: 401 }]);
  });

  test("is the long-lived one where the secret holds one, looked up again when LINE refuses it", async () => {
    let ms = 1_700_000_000_000;
    const secret = { channelId: "1", channelSecret: "8c570fa6dd201bb328f1c1eac23a96d8" };
    await using fn = await startFunction({
      now: () => ms,
      prepare: (cloud) => (cloud.secret = { ...secret, channelAccessToken: "long-1" }),
    });
    fn.cloud.override = (call) => (isReply(call) && bearer(call) !== "Bearer long-2" ? { status: 401 } : undefined);

    await fn.send(signed(callback(textEvent("before"))));
    expect(fn.cloud.calls.filter(isReply).map(bearer)).toEqual(["Bearer long-1"]);

    fn.cloud.secret = { ...secret, channelAccessToken: "long-2" };
    ms += 10_000;
    await fn.send(signed(callback(textEvent("after"))));

    expect(fn.cloud.calls.filter(isReply).map(bearer).slice(1)).toEqual([
      "Bearer long-1",
      "Bearer long-2", // The event that failed.
      "Bearer long-2",
    ]);
    expect(fn.cloud.callsTo("/oauth2/v3/token")).toEqual([]);
  });

  test("is issued for the secret that is read again, where LINE refuses the one at hand", async () => {
    let ms = 1_700_000_000_000;
    await using fn = await startFunction({ now: () => ms });
    await fn.receive(signed(callback(textEvent("sent before"))));
    fn.cloud.secret = { channelId: "1234567890", channelSecret: "reissued" };
    fn.cloud.override = ({ path, body }) =>
      path === "/oauth2/v3/token" && !body.includes("client_secret=reissued")
        ? { status: 400, body: { error: "invalid_request" } }
        : undefined;
    ms += 10_000;

    await fn.deliver();

    expect(eventLines(fn.log())).toMatchObject([{ outcome: "handled" }]);
    expect(fn.cloud.callsTo("/oauth2/v3/token")).toHaveLength(2);
  });

  test("that LINE does not issue fails the event, and not the request", async () => {
    await using fn = await startFunction();
    fn.cloud.override = ({ path }) =>
      path === "/oauth2/v3/token" ? { status: 400, body: { error: "invalid_request" } } : undefined;

    expect(await fn.status(signed(callback(textEvent("hello"))))).toBe(200);
    expect(eventLines(fn.log())).toMatchObject([{ outcome: "failed", error: "TokenRefused", status: 400 }]);
    expect(fn.log().find(({ message }) => message === "token unavailable")).toMatchObject({
      level: "ERROR",
      status: 400,
      correlationId: "JKJaXmPLvHcESHA=",
    });
  });

  test("is not given up because the one who asked for it first has no more time", async () => {
    await using fn = await startFunction();
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    fn.cloud.override = ({ path }) =>
      path === "/oauth2/v3/token" ? { body: { access_token: "late", expires_in: 900 }, after: held } : undefined;
    await fn.receive(signed(callback(textEvent("hello"))));

    const delivered = fn.deliver(); // It asks for the profile first, which has half a second.
    await expect.poll(() => fn.log().some(({ message }) => message === "profile not available")).toBe(true);
    release();

    expect(await delivered).toEqual([]);
    expect(fn.cloud.replies()).toEqual(["You said: hello"]);
    expect(fn.cloud.callsTo("/oauth2/v3/token")).toHaveLength(1);
  });
});

describe("the user's language", () => {
  const never = new Promise(() => undefined);

  test.each<[string, Answer]>([
    ["LINE does not know the user", { status: 404, body: { message: "Not found" } }],
    ["LINE fails", { status: 500, body: { message: "x" } }],
    ["LINE does not answer", { after: never }],
    ["LINE answers what is no profile", { body: "<html>" }],
    ["the profile has none", { body: { userId, displayName: "x" } }],
  ])("is English when %s", async (_, answer) => {
    await using fn = await startFunction();
    fn.cloud.override = ({ path }) => (path.startsWith("/v2/bot/profile/") ? answer : undefined);

    await fn.send(signed(callback(textEvent("hello"))));

    expect(fn.cloud.replies()).toEqual(["You said: hello"]);
  });

  test("is not asked for where the event names no user", async () => {
    await using fn = await startFunction();

    await fn.send(signed(callback(textEvent("hello", { source: { type: "room", roomId: "R1" } }))));

    expect(fn.cloud.replies()).toEqual(["You said: hello"]);
    expect(fn.cloud.calls.filter(({ path }) => path.startsWith("/v2/bot/profile"))).toEqual([]);
  });

  test("is asked for once an event", async () => {
    await using fn = await startFunction({
      bot: { follow: async ({ profile, language }) => void (await Promise.all([profile(), language(), language()])) },
    });

    await fn.send(signed(callback(event("follow"))));

    expect(fn.cloud.callsTo(`/v2/bot/profile/${userId}`)).toHaveLength(1);
  });
});

describe("when the time is over", () => {
  const never = new Promise<void>(() => undefined);
  const slow = { invocationMs: 2300 };

  test("a call to LINE is aborted, and the event is given back to the queue", async () => {
    await using fn = await startFunction(slow);
    fn.cloud.override = answerReplies({ after: never });
    await fn.receive(signed(callback(textEvent("hello"))));

    const left = await fn.deliver();

    const reply = fn.cloud.calls.find(isReply);
    expect(reply).toBeDefined();
    await reply?.closed;
    expect(left).toHaveLength(1);
    expect(eventLines(fn.log())).toMatchObject([{ outcome: "failed", error: "DeadlinePassed" }]);
  });

  test("a handler that hangs is left, its signal is aborted, and what waited behind it is not begun", async () => {
    const signals: AbortSignal[] = [];
    await using fn = await startFunction({
      ...slow,
      bot: {
        message: {
          text({ signal }) {
            signals.push(signal);
            return never;
          },
        },
      },
    });
    await fn.receive(signed(callback(textEvent("one"), textEvent("two"))));

    const left = await fn.deliver();

    expect(left).toHaveLength(2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(eventLines(fn.log())).toMatchObject([{ outcome: "failed", error: "DeadlinePassed" }]);
  });

  test("a handler that is cut can send nothing more", async () => {
    const late = Promise.withResolvers<unknown>();
    await using fn = await startFunction({
      ...slow,
      bot: {
        follow({ reply, signal }) {
          signal.addEventListener("abort", () => void reply("too late").catch(late.resolve));
          return never;
        },
      },
    });

    await fn.send(signed(callback(event("follow", { replyToken: "t" }))));

    expect(await late.promise).toMatchObject({ name: "DeadlinePassed" });
    expect(fn.cloud.replies()).toEqual([]);
  });
});
