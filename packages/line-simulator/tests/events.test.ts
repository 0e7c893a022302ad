import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { verifySignature } from "@pulumi-line-bot/kit/signature";
import { devChannel } from "../seed.ts";
import { channelId, startPlatform, userIds, type Platform } from "./fixture.ts";
import { hasOpenApi, openApiFolder } from "./openapi.ts";

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

const mei = { channelId, userId: userIds.mei };
/** The events that came, in order. */
const events = () => platform.bot.received.flatMap(({ body }) => body.events as unknown as Record<string, unknown>[]);

describe("an event", () => {
  it("has what all have in common, and is signed over the bytes that are sent", async () => {
    const { delivery, webhookEventId } = await platform.line.console.sendText({ ...mei, text: "你好 🤨" });

    const [request] = platform.bot.received;
    expect(delivery).toMatchObject({ success: true, statusCode: 200 });
    expect(request?.body).toMatchObject({
      destination: devChannel.userId,
      events: [
        {
          type: "message",
          mode: "active",
          timestamp: platform.clock.now(),
          source: { type: "user", userId: userIds.mei },
          webhookEventId,
          deliveryContext: { isRedelivery: false },
          message: { type: "text", text: "你好 🤨" },
        },
      ],
    });
    expect(webhookEventId).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    const signature = String(request?.headers["x-line-signature"]);
    expect(verifySignature(request!.raw, devChannel.channelSecret, signature)).toBe(true);
  });

  it("is escaped where told, and signed as escaped", async () => {
    await platform.line.console.setBehaviour({ escapeStyle: "escaped", signatureHeader: "X-Line-Signature" });

    await platform.line.console.sendText({ ...mei, text: "🤨" });
    await platform.line.console.setBehaviour({ escapeStyle: "raw", signatureHeader: "x-line-signature" });

    const [request] = platform.bot.received;
    expect(request?.raw.toString()).toContain('"text":"\\uD83E\\uDD28"');
    const signature = String(request?.headers["x-line-signature"]);
    expect(verifySignature(request!.raw, devChannel.channelSecret, signature)).toBe(true);
  });

  it("comes without a reply token when another channel has the chat", async () => {
    await platform.line.console.setSettings({ channelId, standby: true });

    await platform.line.console.sendText({ ...mei, text: "hi" });

    expect(events()).toMatchObject([{ mode: "standby" }]);
    expect(events()[0]).not.toHaveProperty("replyToken");
  });

  it("is not sent while webhooks are not in use, nor before a URL is set", async () => {
    await platform.line.console.setSettings({ channelId, useWebhook: false });
    const off = await platform.line.console.sendText({ ...mei, text: "hi" });
    await platform.line.console.setSettings({ channelId, useWebhook: true });
    await platform.line.reset();
    const unset = await platform.line.console.sendText({ ...mei, text: "hi" });

    expect([off.delivery, unset.delivery]).toEqual([undefined, undefined]);
    expect(platform.bot.received).toEqual([]);
  });

  it("shares a request with others that come in the same moment, where told", async () => {
    await platform.line.console.setBehaviour({ groupEventsMs: 50 });

    const sent = ["a", "b"].map((text) => platform.line.console.sendText({ ...mei, text }));
    await Promise.resolve();
    platform.clock.advance(50);
    const outcomes = await Promise.all(sent);
    await platform.line.console.setBehaviour({ groupEventsMs: 0 });

    expect(platform.bot.received).toHaveLength(1);
    expect(events()).toHaveLength(2);
    expect(outcomes.map(({ delivery }) => delivery?.success)).toEqual([true, true]);
  });

  it("goes over a connection that is kept", async () => {
    const before = platform.bot.connections();

    for (let count = 0; count < 10; count++) await platform.line.console.sendText({ ...mei, text: String(count) });

    expect(platform.bot.connections() - before).toBeLessThanOrEqual(1);
  });

  it("is sent again at once when a kept connection was closed in the same moment, and not when a new one was", async () => {
    await platform.line.console.sendText({ ...mei, text: "opens a connection" });
    const answers = ["break", 200, "break", "break"] as const;
    let asked = 0;
    platform.bot.respond = () => answers[asked++] ?? 200;

    const first = await platform.line.console.sendText({ ...mei, text: "a" });
    const second = await platform.line.console.sendText({ ...mei, text: "b" });

    expect(first.delivery).toMatchObject({ success: true });
    expect(second.delivery).toMatchObject({ success: false, reason: "COULD_NOT_CONNECT" });
    expect(asked).toBe(4);
  });

  it("is signed with the new secret right after a reissue", async () => {
    const { channelSecret } = await platform.line.console.reissueSecret({ channelId });

    await platform.line.console.sendText({ ...mei, text: "hi" });

    const [request] = platform.bot.received;
    const signature = String(request?.headers["x-line-signature"]);
    expect(verifySignature(request!.raw, devChannel.channelSecret, signature)).toBe(false);
    expect(verifySignature(request!.raw, channelSecret, signature)).toBe(true);
  });
});

describe("other events", () => {
  it("tell of taps, videos, beacons, memberships and linked accounts", async () => {
    const { linkToken } = await platform.client.issueLinkToken(userIds.mei);
    const { console: people } = platform.line;
    const nonce = "0123456789";

    await people.postback({ ...mei, data: "action=buy", params: { date: "2026-01-05" }, displayText: "Buy" });
    await people.completeVideo({ ...mei, trackingId: "tour" });
    await people.meetBeacon({ ...mei, hwid: "d41d8cd98f", type: "enter" });
    await people.changeMembership({ ...mei, type: "joined", membershipId: 3189 });
    await people.linkAccount({ ...mei, linkToken, nonce });
    await people.linkAccount({ ...mei, linkToken, nonce });

    expect(events()).toMatchObject([
      { type: "postback", postback: { data: "action=buy", params: { date: "2026-01-05" } } },
      { type: "videoPlayComplete", videoPlayComplete: { trackingId: "tour" } },
      { type: "beacon", beacon: { hwid: "d41d8cd98f", type: "enter" } },
      { type: "membership", membership: { type: "joined", membershipId: 3189 } },
      { type: "accountLink", link: { result: "ok", nonce } },
      { type: "accountLink", link: { result: "failed", nonce } },
    ]);
    expect(events()[5]).not.toHaveProperty("source");
    expect(events()[5]).not.toHaveProperty("replyToken");
  });

  it("may be of kinds that nobody knows yet", async () => {
    const { problems } = platform.bot;
    await platform.line.console.sendRawEvents({ channelId, events: [{ type: "teleported", distance: 3 }] });

    expect(events()).toMatchObject([{ type: "teleported", distance: 3, mode: "active" }]);
    // LINE's description cannot know it either.
    problems.length = 0;
  });
});

describe.skipIf(!hasOpenApi)("every kind of event in LINE's description", () => {
  it("can be made, and is as described", async () => {
    const { components } = parse(readFileSync(new URL("webhook.yml", openApiFolder), "utf8")) as {
      components: { schemas: { Event: { discriminator: { mapping: object } } } };
    };
    const described = Object.keys(components.schemas.Event.discriminator.mapping);

    await makeEveryKind();

    const made = new Set(events().map(({ type }) => type as string));
    expect([...described, "messageEdited"].filter((kind) => !made.has(kind))).toEqual([]);
    expect(platform.bot.problems).toEqual([]);
  });

  async function makeEveryKind(): Promise<void> {
    const { console: people } = platform.line;
    const { groupId } = await people.createGroup({ channelId, userIds: [userIds.mei] });
    await people.inviteBot({ channelId, groupId });
    const { message } = await people.sendText({ ...mei, groupId, text: "a" });
    await people.editText({ ...mei, groupId, messageId: message!.id, text: "b" });
    await people.unsend({ ...mei, groupId, messageId: message!.id });
    await people.joinMembers({ channelId, groupId, userIds: [userIds.yuki] });
    await people.leaveMembers({ channelId, groupId, userIds: [userIds.yuki] });
    await people.removeBot({ channelId, groupId });
    await people.block(mei);
    await people.follow(mei);
    await people.postback({ ...mei, data: "a" });
    await people.completeVideo({ ...mei, trackingId: "a" });
    await people.meetBeacon({ ...mei, hwid: "d41d8cd98f", type: "stay", dm: "00" });
    await people.linkAccount({ ...mei, linkToken: "made up", nonce: "0123456789" });
    for (const type of ["joined", "left", "renewed"] as const) {
      await people.changeMembership({ ...mei, type, membershipId: 1 });
    }
    for (const event of platformEvents) await people.sendPlatformEvent({ channelId, event });
  }
});

type PlatformEvent = Parameters<Platform["line"]["console"]["sendPlatformEvent"]>[0]["event"];

const platformEvents: PlatformEvent[] = [
  { type: "module", module: { type: "attached", botId: devChannel.userId, scopes: ["message:send"] } },
  { type: "module", module: { type: "detached", botId: devChannel.userId, reason: "bot_deleted" } },
  { type: "activated", chatControl: { expireAt: 1_800_000_000_000 } },
  { type: "deactivated" },
  { type: "botSuspended" },
  { type: "botResumed" },
  { type: "delivery", delivery: { data: "tag" } },
];
