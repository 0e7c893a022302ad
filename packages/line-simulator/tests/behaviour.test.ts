import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { defaultBehaviour } from "../behaviour.ts";
import { channelId, createClient, startPlatform, userIds, type Platform } from "./fixture.ts";

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

const behave = (behaviour: Parameters<typeof platform.line.console.setBehaviour>[0]) =>
  platform.line.console.setBehaviour(behaviour);
const write = () => platform.line.console.sendText({ ...mei, text: "hi" });
const isActive = async () => (await platform.client.getWebhookEndpoint()).active;

describe("what LINE leaves open", () => {
  it("has stated defaults, from which a simulator can start differently, and to which it is reset", async () => {
    await using other = await startPlatform({ behaviour: { webhookTimeoutMs: 5000 } });

    const changed = await other.line.console.setBehaviour({ groupEventsMs: 10 });
    await other.line.reset();

    expect(changed).toEqual({ ...defaultBehaviour, webhookTimeoutMs: 5000, groupEventsMs: 10 });
    expect((await other.line.console.overview()).behaviour).toEqual({ ...defaultBehaviour, webhookTimeoutMs: 5000 });
  });

  it("is no place for what does not exist", async () => {
    await expect(behave({ webhookTimeout: 1 } as never)).rejects.toThrow("webhookTimeout");
    await expect(behave({ signatureHeader: "x-signature" })).rejects.toThrow("signatureHeader");
  });

  it("may be that setting a URL switches webhooks on", async () => {
    const set = () => platform.client.setWebhookEndpoint({ endpoint: platform.bot.url });
    await platform.line.console.setSettings({ channelId, useWebhook: false });

    await set();
    const before = await isActive();
    await behave({ setActivates: true });
    await set();

    expect([before, await isActive()]).toEqual([false, true]);
  });

  it("may be that setting a URL sends it the test request", async () => {
    platform.bot.respond = ({ path }) => (path === "/webhook" ? 200 : 404);
    await behave({ setSendsTest: true });

    const wrong = platform.client.setWebhookEndpoint({ endpoint: `${platform.bot.url}/wrong` });

    await expect(wrong).rejects.toMatchObject({ status: 400, body: '{"message":"Invalid webhook endpoint URL"}' });
    await expect(platform.client.setWebhookEndpoint({ endpoint: platform.bot.url })).resolves.toEqual({});
  });

  it("may be that setting a URL takes any host", async () => {
    await behave({ setResolvesHost: false });

    const endpoint = "https://no-such-host.invalid/webhook";
    await platform.client.setWebhookEndpoint({ endpoint });

    expect((await platform.client.getWebhookEndpoint()).endpoint).toBe(endpoint);
    await expect(platform.client.testWebhookEndpoint({})).rejects.toMatchObject({ status: 400 });
  });

  it("may be that the test call runs not while webhooks are off", async () => {
    await platform.line.console.setSettings({ channelId, useWebhook: false });
    const before = await platform.client.testWebhookEndpoint({});
    await behave({ testWhileInactive: false });

    const after = await platform.client.testWebhookEndpoint({});

    expect([before.success, after.success]).toEqual([true, false]);
  });

  it("may be that the test call goes by the cached URL", async () => {
    await behave({ webhookCacheMs: minuteMs, testUsesCache: true });
    const paths: string[] = [];
    platform.bot.respond = ({ path }) => (paths.push(path), 200);
    platform.clock.advance(minuteMs);
    await platform.client.setWebhookEndpoint({ endpoint: `${platform.bot.url}/new` });

    await platform.client.testWebhookEndpoint({});
    platform.clock.advance(minuteMs);
    await platform.client.testWebhookEndpoint({});

    expect(paths).toEqual(["/webhook", "/webhook/new"]);
  });

  it("may be that events of one request are redelivered each alone", async () => {
    await platform.line.console.setSettings({ channelId, redelivery: true });
    await behave({ redeliverAlone: true, redeliveryDelaysMs: [minuteMs] });
    platform.bot.respond = () => 500;
    const event = { type: "follow", follow: { isUnblocked: false }, replyToken: "token" };

    await platform.line.console.sendRawEvents({ channelId, events: [event, event] });
    platform.clock.advance(minuteMs);
    await platform.line.idle();

    expect(platform.bot.received.map(({ body }) => body.events.length)).toEqual([2, 1, 1]);
  });

  it("may be that redirects are followed", async () => {
    platform.bot.respond = ({ path }) => (path === "/webhook" ? { status: 307, location: "/moved" } : 200);
    const before = await write();
    await behave({ followRedirects: true });

    const after = await write();

    expect(before.delivery).toMatchObject({ statusCode: 307, reason: "ERROR_STATUS_CODE" });
    expect(after.delivery).toMatchObject({ statusCode: 200, success: true });
  });

  it("may be that connections are not kept", async () => {
    await behave({ keepConnections: false });
    const before = platform.bot.connections();

    await write();
    await write();

    expect(platform.bot.connections() - before).toBe(2);
  });

  it("may be another content type", async () => {
    await behave({ contentType: "application/json" });

    await write();

    expect(platform.bot.received[0]?.headers["content-type"]).toBe("application/json");
  });

  it("may be that content is soon gone", async () => {
    await behave({ contentKeptMs: minuteMs });
    const [sent] = await platform.line.console.sendImages({ ...mei, images: [{ base64: "YQ==" }] });
    const get = async () => (await platform.call("GET", `/v2/bot/message/${sent!.message!.id}/content/preview`)).status;
    platform.clock.advance(minuteMs);

    expect(await get()).toBe(404);
  });

  it("may be another 401", async () => {
    await behave({ unauthorizedMessage: "Authentication failed due to the following reason: token expired" });

    const failure = createClient(platform.line, "unknown").getBotInfo();

    await expect(failure).rejects.toMatchObject({ status: 401, body: expect.stringContaining("token expired") });
  });
});
