import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Trace } from "../traces.ts";
import { channelId, startPlatform, userIds, type Platform } from "./fixture.ts";
import { replyTokenOf } from "./bot-server.ts";

const minuteMs = 60_000;
const mei = { channelId, userId: userIds.mei };
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(async () => {
  await platform.line.reset();
  await platform.client.setWebhookEndpoint({ endpoint: platform.bot.url });
  platform.bot.received.length = 0;
  platform.bot.respond = () => 200;
});

const write = (text = "hi") => platform.line.console.sendText({ ...mei, text });
const events = () => platform.bot.received.flatMap(({ body }) => body.events);
const texts = () => events().map((event) => (event as { message: { text: string } }).message.text);

describe("redelivery", () => {
  it("is off by default", async () => {
    platform.bot.respond = () => 500;

    const { delivery } = await write();
    platform.clock.advance(60 * minuteMs);
    await platform.line.idle();

    expect(delivery).toMatchObject({ success: false, statusCode: 500, reason: "ERROR_STATUS_CODE" });
    expect(platform.bot.received).toHaveLength(1);
  });

  it("repeats the event but for its mark, until the bot answers", async () => {
    await platform.line.console.setSettings({ channelId, redelivery: true });
    const answers = [500, 500, 200];
    platform.bot.respond = () => answers.shift() ?? 200;

    await write();
    platform.clock.advance(minuteMs);
    await platform.line.idle();
    platform.clock.advance(5 * minuteMs);
    await platform.line.idle();
    platform.clock.advance(60 * minuteMs);
    await platform.line.idle();

    const [first, ...again] = events();
    const redelivered = { ...first, deliveryContext: { isRedelivery: true } };
    expect(again).toEqual([redelivered, redelivered]);
  });

  it("gives the reply token another minute, but not beyond twenty", async () => {
    await platform.line.console.setSettings({ channelId, redelivery: true });
    await platform.line.console.setBehaviour({ redeliveryDelaysMs: [5 * minuteMs, 20 * minuteMs] });
    platform.bot.respond = () => 500;
    const reply = (replyToken: string) =>
      platform.client.replyMessage({ replyToken, messages: [{ type: "text", text: "late" }] }).then(
        () => "sent",
        () => "refused",
      );
    await write();
    const replyToken = replyTokenOf(platform.bot);

    platform.clock.advance(5 * minuteMs);
    await platform.line.idle();
    const inTime = await reply(replyToken);
    await write();
    const other = replyTokenOf(platform.bot);
    platform.clock.advance(5 * minuteMs);
    await platform.line.idle();
    platform.clock.advance(20 * minuteMs);
    await platform.line.idle();

    expect(inTime).toBe("sent");
    expect(await reply(other)).toBe("refused");
  });

  it("follows the bot to its new URL", async () => {
    await platform.line.console.setSettings({ channelId, redelivery: true });
    const paths: string[] = [];
    platform.bot.respond = ({ path }) => (paths.push(path), paths.length === 1 ? 500 : 200);

    await write();
    await platform.client.setWebhookEndpoint({ endpoint: `${platform.bot.url}/new` });
    platform.clock.advance(minuteMs);
    await platform.line.idle();

    expect(paths).toEqual(["/webhook", "/webhook/new"]);
  });
});

describe("error statistics", () => {
  it("count failures by minute and reason where they are switched on, and no test call", async () => {
    await write();
    platform.bot.respond = () => 503;
    await write("not counted: switched off");
    await platform.line.console.setSettings({ channelId, errorStatistics: true });

    await write();
    await write();
    await platform.client.testWebhookEndpoint({});
    platform.bot.respond = () => (platform.clock.advance(2000), new Promise<number>(() => {}));
    await write();

    const statistics = await platform.line.console.downloadErrorStatistics({ channelId });
    const lines = statistics.trimEnd().split("\n");
    expect(lines.slice(1).map((line) => line.split("\t").slice(1))).toEqual([
      ["error_status_code", "503", "2"],
      ["request_timeout", "Request timeout", "1"],
    ]);
    expect(lines[1]).toMatch(/^2026-\d\d-\d\d \d\d:\d\d:00\t/);
  });
});

describe("a fault of the platform", () => {
  it("sends an event twice", async () => {
    await platform.line.console.addFault({ on: "webhook", what: "duplicate" });

    await write();
    await platform.line.idle();

    expect(events()).toHaveLength(2);
    expect(events()[0]).toEqual(events()[1]);
  });

  it("lets the later event overtake", async () => {
    await platform.line.console.addFault({ on: "webhook", what: "reorder" });

    await write("first");
    await write("second");
    await platform.line.idle();

    expect(texts()).toEqual(["second", "first"]);
  });

  it("does not reach the bot", async () => {
    await platform.line.console.addFault({ on: "webhook", what: "unreachable", times: 2 });

    const outcomes = [await write(), await write(), await write()].map(({ delivery }) => delivery?.reason);

    expect(outcomes).toEqual(["COULD_NOT_CONNECT", "COULD_NOT_CONNECT", "OK"]);
  });

  it("is slow", async () => {
    await platform.line.console.addFault({ on: "webhook", what: "slow", delayMs: 3000 });
    const sending = write();
    await Promise.resolve();
    expect(platform.bot.received).toEqual([]);

    platform.clock.advance(3000);

    expect((await sending).delivery).toMatchObject({ success: true });
  });

  it.each([
    ["before", 0],
    ["after", 1],
  ] as const)("answers 500 %s the call took effect", async (effect, sent) => {
    await platform.line.console.addFault({ on: "api", operation: "pushMessage", status: 500, effect });
    const push = () => platform.client.pushMessage({ to: userIds.mei, messages: [{ type: "text", text: "hi" }] });

    await platform.client.getBotInfo();
    await expect(push()).rejects.toMatchObject({ status: 500 });

    expect(await platform.line.console.messages({ channelId, chatId: userIds.mei })).toHaveLength(sent);
    await expect(push()).resolves.toMatchObject({ sentMessages: [{}] });
  });

  it("is reported by its retry key, when the call took effect and answered 500", async () => {
    await platform.line.console.addFault({ on: "api", operation: "pushMessage", status: 500, effect: "after" });
    const body = { to: userIds.mei, messages: [{ type: "text", text: "hi" }] };
    const headers = { "x-line-retry-key": "123e4567-e89b-12d3-a456-426614174000" };
    const push = () => platform.call("POST", "/v2/bot/message/push", body, headers);

    expect([(await push()).status, (await push()).status]).toEqual([500, 409]);
  });

  it("answers 429, or late, or not at all any more once it is cleared", async () => {
    await platform.line.console.addFault({ on: "api", status: 429, times: 100 });
    expect(await platform.call("GET", "/v2/bot/info")).toMatchObject({
      status: 429,
      body: { message: "The API rate limit has been exceeded. Try again later." },
    });
    await platform.line.console.clearFaults();
    await platform.line.console.addFault({ on: "api", delayMs: 1000 });
    const late = platform.call("GET", "/v2/bot/info");
    await nextTrace(({ kind }) => kind === "console");

    await advanceUntil(late);

    expect((await late).status).toBe(200);
  });

  /** Resolves with a trace that is there already, or the first to come. */
  function nextTrace(fits: (trace: Trace) => boolean): Promise<Trace> {
    const there = platform.line.traces().find(fits);
    if (there !== undefined) return Promise.resolve(there);
    return new Promise((resolve) => {
      const unsubscribe = platform.line.subscribe((trace) => {
        if (!fits(trace)) return;
        unsubscribe();
        resolve(trace);
      });
    });
  }

  /** Moves time on with every turn of the event loop, until the work is done. */
  async function advanceUntil(work: Promise<unknown>): Promise<void> {
    const progress = { isDone: false };
    void work.finally(() => (progress.isDone = true));
    while (!progress.isDone) {
      platform.clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});

describe("traces", () => {
  it("tell what happened without tokens, secrets or signatures", async () => {
    await write();
    await platform.client.replyMessage({
      replyToken: replyTokenOf(platform.bot),
      messages: [{ type: "text", text: "a" }],
    });
    const credentials = await platform.line.console.revealCredentials({ channelId });

    const traces = platform.line.traces();

    expect(traces.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["console", "message", "webhook", "api"]));
    const text = JSON.stringify(traces);
    for (const secret of [credentials.channelSecret, credentials.channelAccessToken!, replyTokenOf(platform.bot)]) {
      expect(text).not.toContain(secret);
    }
  });
});
