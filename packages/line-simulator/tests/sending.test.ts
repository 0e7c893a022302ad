import { randomUUID } from "node:crypto";
import type { messagingApi } from "@line/bot-sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { prodChannel } from "../seed.ts";
import { channelId, startPlatform, userIds, type Platform } from "./fixture.ts";
import { replyTokenOf } from "./bot-server.ts";

const text = (words = "hello"): messagingApi.TextMessage => ({ type: "text", text: words });
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(() => platform.line.reset().then(() => platform.client.setWebhookEndpoint({ endpoint: platform.bot.url })));

const write = () => platform.line.console.sendText({ channelId, userId: userIds.mei, text: "hi" });
const push = (to: string, messages: messagingApi.Message[] = [text()]) => platform.client.pushMessage({ to, messages });
const chat = (userId: string) => platform.line.console.messages({ channelId, chatId: userId });

describe("sending to many", () => {
  it("multicasts to friends once each, whatever else is in the list", async () => {
    await platform.client.multicast({
      to: [userIds.mei, userIds.yuki, userIds.yuki, `U${"0".repeat(32)}`],
      messages: [text("news")],
    });

    expect(await chat(userIds.yuki)).toHaveLength(1);
    expect(await platform.client.getMessageQuotaConsumption()).toEqual({ totalUsage: 2 });
  });

  it("refuses a multicast with a malformed id, and one to more than 500", async () => {
    const send = (to: string[]) => platform.call("POST", "/v2/bot/message/multicast", { to, messages: [text()] });

    expect(await send([userIds.mei, "nobody"])).toMatchObject({
      status: 400,
      body: { message: "The property, to[1], in the request body is invalid (line: -, column: -)" },
    });
    expect(await send(Array.from({ length: 501 }, () => userIds.mei))).toMatchObject({
      body: { details: [{ message: "Size must be between 1 and 500", property: "to" }] },
    });
  });

  it("broadcasts to all friends", async () => {
    await platform.line.console.block({ channelId, userId: userIds.somchai });

    await platform.client.broadcast({ messages: [text("to all")] });

    const reached = await Promise.all(Object.values(userIds).map(async (id) => (await chat(id)).length));
    expect(reached).toEqual([1, 1, 0, 1]);
  });

  it("narrowcasts in the background and tells of the progress", async () => {
    await platform.line.console.setBehaviour({ narrowcastMs: 1000 });
    const sent = await platform.call("POST", "/v2/bot/message/narrowcast", { messages: [text()], limit: { max: 2 } });
    const requestId = sent.headers.get("x-line-request-id") ?? "";

    const before = await platform.client.getNarrowcastProgress(requestId);
    platform.clock.advance(1000);
    const after = await platform.client.getNarrowcastProgress(requestId);

    expect(sent.status).toBe(202);
    expect(before.phase).toBe("waiting");
    expect(after).toMatchObject({ phase: "succeeded", successCount: 2, targetCount: 2 });
  });

  it("refuses a narrowcast by attributes below a hundred friends, and an unknown audience", async () => {
    const send = (more: object) => platform.call("POST", "/v2/bot/message/narrowcast", { messages: [text()], ...more });

    expect(await send({ filter: { demographic: { type: "gender", oneOf: ["male"] } } })).toMatchObject({
      status: 403,
      body: { message: "Your account does not have enough friends" },
    });
    expect(await send({ recipient: { type: "audience", audienceGroupId: 1 } })).toMatchObject({
      status: 400,
      body: { message: "Invalid audience group id: 1" },
    });
    expect(await send({ limit: { forbidPartialDelivery: true } })).toMatchObject({ status: 400 });
  });
});

describe("a retry key", () => {
  const pushWith = (key: string) =>
    platform.call("POST", "/v2/bot/message/push", { to: userIds.mei, messages: [text()] }, { "x-line-retry-key": key });

  it("is accepted once, and tells what the first request answered", async () => {
    const key = randomUUID();
    const first = await pushWith(key);

    const second = await pushWith(key);

    expect(second).toMatchObject({
      status: 409,
      body: { message: "The retry key is already accepted", ...(first.body as object) },
    });
    expect(second.headers.get("x-line-accepted-request-id")).toBe(first.headers.get("x-line-request-id"));
    expect(await chat(userIds.mei)).toHaveLength(1);
  });

  it("is the channel's own", async () => {
    const key = randomUUID();
    await pushWith(key);
    const authorization = `Bearer ${prodChannel.channelAccessToken}`;
    const body = { to: userIds.mei, messages: [text()] };

    const headers = { "x-line-retry-key": key, authorization };
    expect((await platform.call("POST", "/v2/bot/message/push", body, headers)).status).toBe(200);
  });

  it("is forgotten after a day", async () => {
    const key = randomUUID();
    await pushWith(key);
    platform.clock.advance(86_400_000);

    expect((await pushWith(key)).status).toBe(200);
  });

  it("stays free when the request was refused", async () => {
    const key = randomUUID();
    await platform.line.console.setSettings({ channelId, quota: 0 });
    expect((await pushWith(key)).status).toBe(429);
    await platform.line.console.setSettings({ channelId, quota: null });

    expect((await pushWith(key)).status).toBe(200);
  });

  it("has to be a UUID", async () => {
    expect((await pushWith("once")).status).toBe(400);
  });
});

describe("the quota", () => {
  it("is none until a limit is set, and then refuses what goes beyond it, whole", async () => {
    expect(await platform.client.getMessageQuota()).toEqual({ type: "none" });
    await platform.line.console.setSettings({ channelId, quota: 3 });

    const refused = await platform.call("POST", "/v2/bot/message/broadcast", { messages: [text()] });

    expect(refused).toMatchObject({ status: 429, body: { message: "You have reached your monthly limit." } });
    expect(await chat(userIds.mei)).toEqual([]);
    expect(await platform.client.getMessageQuota()).toEqual({ type: "limited", value: 3 });
  });

  it("counts recipients and not messages, and begins again with the month in Japan", async () => {
    await push(userIds.mei, [text(), text()]);
    expect(await platform.client.getMessageQuotaConsumption()).toEqual({ totalUsage: 1 });

    platform.clock.advance(31 * 86_400_000);

    expect(await platform.client.getMessageQuotaConsumption()).toEqual({ totalUsage: 0 });
  });

  it("does not count replies, whose number is reported the day after", async () => {
    await write();
    await platform.client.replyMessage({ replyToken: replyTokenOf(platform.bot), messages: [text()] });
    const today = new Date(platform.clock.now() + 9 * 3_600_000).toISOString().slice(0, 10).replaceAll("-", "");
    const count = () => platform.client.getNumberOfSentReplyMessages(today);

    const before = await count();
    platform.clock.advance(86_400_000);

    expect(before).toEqual({ status: "unready" });
    expect(await count()).toEqual({ status: "ready", success: 1 });
    expect(await platform.client.getMessageQuotaConsumption()).toEqual({ totalUsage: 0 });
    await expect(platform.client.getNumberOfSentPushMessages("yesterday")).rejects.toMatchObject({ status: 400 });
  });

  it("keeps the names of aggregation units", async () => {
    await platform.client.pushMessage({ to: userIds.mei, messages: [text()], customAggregationUnits: ["spring_sale"] });

    expect(await platform.client.getAggregationUnitUsage()).toEqual({ numOfCustomAggregationUnits: 1 });
    expect(await platform.client.getAggregationUnitNameList()).toEqual({ customAggregationUnits: ["spring_sale"] });
  });
});
