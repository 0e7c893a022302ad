import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { verifySignature } from "@pulumi-line-bot/kit/signature";
import { devChannel, prodChannel } from "../seed.ts";
import { startLineSimulator } from "../simulator.ts";
import { createClient, startPlatform, type Platform } from "./fixture.ts";

const path = "/v2/bot/channel/webhook/endpoint";
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(async () => {
  platform.bot.received.length = 0;
  platform.bot.respond = () => 200;
  platform.clock.advance(3_600_000);
  await platform.client.setWebhookEndpoint({ endpoint: platform.bot.url });
});

describe("the webhook endpoint", () => {
  it("is not found before it was ever set", async () => {
    await using line = await startDisposable();

    const error = await createClient(line)
      .getWebhookEndpoint()
      .catch((reason: unknown) => reason);

    expect(error).toMatchObject({ status: 404, body: JSON.stringify({ message: "Webhook endpoint not found" }) });
  });

  it("is reported with whether webhooks are in use", async () => {
    const { client, bot } = platform;

    expect(await client.getWebhookEndpoint()).toEqual({ endpoint: bot.url, active: true });
  });

  it.each([
    ["plain http", "http://example.com/webhook"],
    ["no URL", "example.com"],
    ["characters that are not encoded", "https://example.com/問い"],
    ["a user in it", "https://user@localhost/"],
    ["a host without an address", "https://no-such-host.invalid/webhook"],
    ["nothing after the scheme", "https://"],
  ])("refuses a URL that is %s", async (_, endpoint) => {
    const { status, body } = await platform.call("PUT", path, { endpoint });

    expect({ status, body }).toEqual({ status: 400, body: { message: "Invalid webhook endpoint URL" } });
  });

  it("refuses a URL of more than 500 characters", async () => {
    const endpoint = `https://localhost/${"a".repeat(483)}`;

    const { status, body } = await platform.call("PUT", path, { endpoint });

    const details = [{ message: "Length must be between 0 and 500", property: "endpoint" }];
    expect({ status, body }).toEqual({ status: 400, body: { message: "The request body has 1 error(s)", details } });
  });

  it("keeps sending to the former URL while the setting is cached", async () => {
    const { line, client, bot, clock } = platform;
    await line.console.setBehaviour({ webhookCacheMs: 60_000 });
    await client.setWebhookEndpoint({ endpoint: `${bot.url}/new` });
    const { people } = (await line.console.overview()).channels[0]!;
    const say = () => line.console.sendText({ channelId: devChannel.channelId, userId: people[0]!.userId, text: "hi" });
    const paths: (string | undefined)[] = [];
    bot.respond = ({ path: where }) => (paths.push(where), 200);

    await say();
    clock.advance(60_000);
    await say();

    await line.console.setBehaviour({ webhookCacheMs: 0 });
    expect(paths).toEqual(["/webhook", "/webhook/new"]);
  });

  it("refuses a host name that is new, for as long as it is reported", async () => {
    const { line, client, clock } = platform;
    await line.console.setBehaviour({ freshHostRefusedMs: 5000 });
    const set = () => client.setWebhookEndpoint({ endpoint: "https://127.0.0.1:9/fresh" });

    await expect(set()).rejects.toMatchObject({ status: 400 });
    clock.advance(5000);

    await expect(set()).resolves.toEqual({});
    await line.console.setBehaviour({ freshHostRefusedMs: 0 });
  });
});

describe("the test call", () => {
  it("sends a signed body without events and tells of success", async () => {
    const { client, bot } = platform;

    const result = await client.testWebhookEndpoint({ endpoint: bot.url });

    expect(result).toMatchObject({ success: true, statusCode: 200, reason: "OK", detail: "200" });
    const [request] = bot.received;
    expect(request?.body).toEqual({ destination: devChannel.userId, events: [] });
    expect(request?.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "user-agent": "LineBotWebhook/2.0",
    });
    const signature = String(request?.headers["x-line-signature"]);
    expect(verifySignature(request!.raw, devChannel.channelSecret, signature)).toBe(true);
  });

  it("tests the URL that is set when none is given", async () => {
    const { client, bot } = platform;

    await client.testWebhookEndpoint({});
    const { status } = await platform.call("POST", "/v2/bot/channel/webhook/test");

    expect(status).toBe(200);
    expect(bot.received).toHaveLength(2);
  });

  it("tells of an error status", async () => {
    const { client, bot } = platform;
    bot.respond = () => 403;

    const result = await client.testWebhookEndpoint({});

    expect(result).toMatchObject({ success: false, statusCode: 403, reason: "ERROR_STATUS_CODE", detail: "403" });
  });

  it("tells of a bot that does not answer within two seconds", async () => {
    const { client, bot, clock } = platform;
    bot.respond = () => (clock.advance(2000), new Promise<number>(() => {}));

    const result = await client.testWebhookEndpoint({});

    expect(result).toMatchObject({
      success: false,
      statusCode: 0,
      reason: "REQUEST_TIMEOUT",
      detail: "Request timeout",
    });
  });

  it("tells of a port where nobody listens", async () => {
    const endpoint = "https://localhost:9/webhook";

    const result = await platform.client.testWebhookEndpoint({ endpoint });

    expect(result).toMatchObject({ success: false, statusCode: 0, reason: "COULD_NOT_CONNECT" });
    expect(result.detail).toBe(`Connection failed: ${endpoint}`);
  });

  it("refuses a certificate that no trusted authority signed", async () => {
    await using line = await startDisposable();

    const result = await createClient(line).testWebhookEndpoint({ endpoint: platform.bot.url });

    expect(result).toMatchObject({ success: false, statusCode: 0, reason: "COULD_NOT_CONNECT" });
    expect(result.detail).toBe(`TLS handshake failure: ${platform.bot.url}`);
  });

  it("does not follow a redirect", async () => {
    const { client, bot } = platform;
    bot.respond = () => 302;

    const result = await client.testWebhookEndpoint({});

    expect(result).toMatchObject({ success: false, statusCode: 302, reason: "ERROR_STATUS_CODE" });
    expect(bot.received).toHaveLength(1);
  });

  it("is limited to 60 an hour for each channel, refilled evenly", async () => {
    const { clock } = platform;
    const test = async () => (await platform.call("POST", "/v2/bot/channel/webhook/test", {})).status;
    for (let count = 0; count < 60; count++) expect(await test()).toBe(200);

    const refused = await platform.call("POST", "/v2/bot/channel/webhook/test", {});
    const other = createClient(platform.line, prodChannel.channelAccessToken);
    await expect(other.testWebhookEndpoint({ endpoint: platform.bot.url })).resolves.toMatchObject({ success: true });
    clock.advance(60_000);

    expect(refused).toMatchObject({
      status: 429,
      body: { message: "The API rate limit has been exceeded. Try again later." },
    });
    expect(await test()).toBe(200);
    expect(await test()).toBe(429);
  });
});

async function startDisposable() {
  const line = await startLineSimulator();
  return { ...line, [Symbol.asyncDispose]: () => line.close() };
}
