import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { verifySignature } from "../../line/signature.ts";
import { devChannel } from "../../local/line/seed.ts";
import { channelId, startPlatform, userIds, type Platform } from "./fixture.ts";
import { hasOpenApi, openApiFolder } from "./openapi.ts";
import { readFileSync } from "node:fs";
import { parse } from "yaml";

let platform: Platform;
const kinds = new Set<string>();

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(async () => {
  await platform.line.reset();
  await platform.client.setWebhookEndpoint({ endpoint: platform.bot.url });
  platform.bot.received.length = 0;
  platform.bot.respond = ({ body }) => {
    for (const { type } of body.events) kinds.add(type);
    return 200;
  };
});

const mei = { channelId, userId: userIds.mei };
/** The events that came, in order. */
const events = () => platform.bot.received.flatMap(({ body }) => body.events as unknown as Record<string, unknown>[]);

async function createGroup(kind: "group" | "room" = "group"): Promise<string> {
  const members = [userIds.mei, userIds.yuki];
  const { groupId } = await platform.line.console.createGroup({ channelId, userIds: members, name: "Trip", kind });
  await platform.line.console.inviteBot({ channelId, groupId });
  return groupId;
}

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

  it("is signed with the new secret right after a reissue", async () => {
    const { channelSecret } = await platform.line.console.reissueSecret({ channelId });

    await platform.line.console.sendText({ ...mei, text: "hi" });

    const [request] = platform.bot.received;
    const signature = String(request?.headers["x-line-signature"]);
    expect(verifySignature(request!.raw, devChannel.channelSecret, signature)).toBe(false);
    expect(verifySignature(request!.raw, channelSecret, signature)).toBe(true);
  });
});

describe("messages", () => {
  const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

  it("come in all kinds", async () => {
    const { console: people } = platform.line;
    await people.sendSticker({ ...mei, packageId: "446", stickerId: "1988", keywords: ["cony"] });
    await people.sendLocation({ ...mei, latitude: 25.03, longitude: 121.56, title: "臺北 101" });
    await people.sendImages({ ...mei, images: [{ base64: pixel }] });
    await people.sendVideo({ ...mei, base64: pixel, durationMs: 5000 });
    await people.sendAudio({ ...mei, external: { originalContentUrl: "https://a.example/a.m4a" } });
    await people.sendFile({ ...mei, fileName: "a.txt", base64: "YQ==" });

    expect(events().map(({ message }) => message)).toMatchObject([
      { type: "sticker", packageId: "446", stickerResourceType: "STATIC", keywords: ["cony"] },
      { type: "location", title: "臺北 101" },
      { type: "image", contentProvider: { type: "line" } },
      { type: "video", duration: 5000 },
      { type: "audio", contentProvider: { type: "external", originalContentUrl: "https://a.example/a.m4a" } },
      { type: "file", fileName: "a.txt", fileSize: 1 },
    ]);
  });

  it("of several images are told apart by their place in the set", async () => {
    await platform.line.console.sendImages({ ...mei, images: [{ base64: pixel }, { base64: pixel }] });

    const sets = events().map(({ message }) => (message as { imageSet: object }).imageSet);
    expect(sets).toContainEqual(expect.objectContaining({ index: 1, total: 2 }));
    expect(sets).toContainEqual(expect.objectContaining({ index: 2, total: 2 }));
  });

  it("carry emojis, mentions and quotes", async () => {
    const { message } = await platform.line.console.sendText({ ...mei, text: "first" });
    await platform.line.console.sendText({
      ...mei,
      text: "@Dev bot (love)",
      quotedMessageId: message!.id,
      emojis: [{ index: 9, length: 6, productId: "5ac1bfd5040ab15980c9b435", emojiId: "001" }],
      mentionees: [{ index: 0, length: 8, type: "user", userId: devChannel.userId, isSelf: true }],
    });

    expect(events()[1]).toMatchObject({
      message: {
        quotedMessageId: message!.id,
        emojis: [{ emojiId: "001" }],
        mention: { mentionees: [{ isSelf: true, userId: devChannel.userId }] },
      },
    });
  });

  it("can be taken back, and their content is gone", async () => {
    const [sent] = await platform.line.console.sendImages({ ...mei, images: [{ base64: pixel }] });
    const messageId = sent!.message!.id;

    await platform.line.console.unsend({ ...mei, messageId });

    expect(events()[1]).toMatchObject({ type: "unsend", unsend: { messageId } });
    const { status, body } = await platform.call("GET", `/v2/bot/message/${messageId}/content`);
    expect({ status, body }).toEqual({ status: 410, body: { message: "The content is gone" } });
  });

  it("can be edited in a group: the same id, another quote token", async () => {
    const groupId = await createGroup();
    const { message } = await platform.line.console.sendText({ ...mei, groupId, text: "tomorow" });

    await platform.line.console.editText({ ...mei, groupId, messageId: message!.id, text: "tomorrow" });

    const [, first, second] = events();
    expect(second).toMatchObject({ type: "messageEdited", message: { id: message!.id, text: "tomorrow" } });
    expect(second!["message"]).not.toHaveProperty("markAsReadToken");
    expect(second!["message"]).not.toMatchObject({
      quoteToken: (first!["message"] as { quoteToken: string }).quoteToken,
    });
    expect(second!["replyToken"]).toBeTypeOf("string");
  });

  it("cannot be edited elsewhere, nor by others", async () => {
    const { message } = await platform.line.console.sendText({ ...mei, text: "a" });

    const edit = platform.line.console.editText({ ...mei, messageId: message!.id, text: "b" });

    await expect(edit).rejects.toThrow("Messages can be edited in groups only");
  });
});

describe("content that was sent", () => {
  const bytes = Buffer.from("a video, believe me");

  it("is downloaded when it is prepared", async () => {
    await platform.line.console.setBehaviour({ transcodingMs: 5000 });
    const { message } = await platform.line.console.sendVideo({
      ...mei,
      base64: bytes.toString("base64"),
      previewBase64: Buffer.from("preview").toString("base64"),
    });
    await platform.line.console.setBehaviour({ transcodingMs: 0 });
    const path = `/v2/bot/message/${message!.id}/content`;
    const download = (url: string) =>
      fetch(new URL(url, platform.line.url), { headers: { authorization: `Bearer ${devChannel.channelAccessToken}` } });

    const before = [
      await platform.client.getMessageContentTranscodingByMessageId(message!.id),
      (await download(path)).status,
    ];
    platform.clock.advance(5000);
    const after = await platform.client.getMessageContentTranscodingByMessageId(message!.id);
    const content = await download(path);

    expect(before).toEqual([{ status: "processing" }, 202]);
    expect(after).toEqual({ status: "succeeded" });
    expect(content.headers.get("content-type")).toBe("video/mp4");
    expect(Buffer.from(await content.arrayBuffer())).toEqual(bytes);
    expect(await (await download(`${path}/preview`)).text()).toBe("preview");
  });

  it.each([
    ["a message that never was", "/v2/bot/message/1/content", 404, "not found"],
    ["a text", "/v2/bot/message/{id}/content", 404, "not found"],
    ["a text's preview", "/v2/bot/message/{id}/content/preview", 400, "The content can not be previewed"],
    [
      "a text's preparation",
      "/v2/bot/message/{id}/content/transcoding",
      400,
      "Transcoding status doesn't support this type of content",
    ],
  ])("is refused for %s", async (_, path, status, words) => {
    const { message } = await platform.line.console.sendText({ ...mei, text: "hi" });

    const answer = await platform.call("GET", path.replace("{id}", message!.id));

    expect(answer).toMatchObject({ status, body: { message: words } });
  });
});

describe("friends", () => {
  it("block and unblock the bot", async () => {
    await platform.line.console.block(mei);
    const blocked = await platform.call("GET", `/v2/bot/profile/${userIds.mei}`);
    const write = platform.line.console.sendText({ ...mei, text: "hi" });
    await expect(write).rejects.toThrow("has blocked Dev bot");
    await platform.line.console.follow(mei);

    expect(events()).toMatchObject([{ type: "unfollow" }, { type: "follow", follow: { isUnblocked: true } }]);
    expect(events()[0]).not.toHaveProperty("replyToken");
    expect(blocked).toMatchObject({ status: 404, body: { message: "Not found" } });
    expect(await platform.client.getProfile(userIds.mei)).toMatchObject({ displayName: "林美玲", language: "zh-Hant" });
  });

  it("are listed to verified accounts only", async () => {
    await expect(platform.client.getFollowers()).rejects.toMatchObject({ status: 403 });
    await platform.line.console.setSettings({ channelId, verified: true });

    const first = await platform.client.getFollowers(undefined, 3);
    const second = await platform.client.getFollowers(first.next, 3);

    expect([...first.userIds, ...second.userIds]).toEqual(Object.values(userIds));
    expect(second.next).toBeUndefined();
    await expect(platform.client.getFollowers("made up")).rejects.toMatchObject({ status: 400 });
  });

  it("are greeted and answered by the console too, where that is switched on", async () => {
    await platform.line.console.setSettings({ channelId, greeting: true, autoReply: true });
    await platform.line.console.block(mei);

    await platform.line.console.follow(mei);
    await platform.line.console.sendText({ ...mei, text: "hi" });

    const said = await platform.line.console.messages({ channelId, chatId: userIds.mei });
    expect(said.map(({ by }) => by)).toEqual(["greeting", undefined, "auto-reply"]);
  });

  it("find the bot by its link", async () => {
    const { url, qrCode } = await platform.line.console.friendLink({ channelId });

    expect(url).toBe(`https://line.me/R/ti/p/%40${devChannel.basicId.slice(1)}`);
    expect(qrCode).toMatch(/^<svg/);
  });
});

describe("groups", () => {
  it("tell of the bot's coming and going, and of members", async () => {
    const groupId = await createGroup();
    await platform.line.console.joinMembers({ channelId, groupId, userIds: [userIds.emma] });
    await platform.line.console.leaveMembers({ channelId, groupId, userIds: [userIds.yuki] });
    await platform.line.console.removeBot({ channelId, groupId });

    const source = { type: "group", groupId };
    expect(events()).toMatchObject([
      { type: "join", source },
      { type: "memberJoined", source, joined: { members: [{ type: "user", userId: userIds.emma }] } },
      { type: "memberLeft", source, left: { members: [{ type: "user", userId: userIds.yuki }] } },
      { type: "leave", source },
    ]);
  });

  it("let the bot read members and answer there", async () => {
    const groupId = await createGroup();

    expect(await platform.client.getGroupSummary(groupId)).toEqual({ groupId, groupName: "Trip" });
    expect(await platform.client.getGroupMemberCount(groupId)).toEqual({ count: 2 });
    expect(await platform.client.getGroupMemberProfile(groupId, userIds.yuki)).toMatchObject({
      displayName: "佐藤ゆき",
    });
    await expect(platform.client.getGroupMemberProfile(groupId, userIds.emma)).rejects.toMatchObject({ status: 404 });
    await expect(platform.client.getGroupMembersIds(groupId)).rejects.toMatchObject({ status: 403 });
    await platform.client.pushMessage({ to: groupId, messages: [{ type: "text", text: "all" }] });
    expect(await platform.client.getMessageQuotaConsumption()).toEqual({ totalUsage: 2 });
  });

  it("are left by the bot's own call", async () => {
    const groupId = await createGroup();

    await platform.client.leaveGroup(groupId);
    await platform.line.idle();

    expect(events().at(-1)).toMatchObject({ type: "leave" });
    expect(await platform.call("GET", `/v2/bot/group/${groupId}/summary`)).toMatchObject({ status: 404 });
    expect(await platform.call("GET", "/v2/bot/group/nowhere/summary")).toMatchObject({
      status: 400,
      body: { message: "The value for the 'groupId' parameter is invalid" },
    });
  });

  it("hide who wrote when that person did not consent", async () => {
    const groupId = await createGroup();
    await platform.line.console.setConsent({ ...mei, consent: false });

    await platform.line.console.sendText({ ...mei, groupId, text: "hi" });

    expect(events()[1]!["source"]).toEqual({ type: "group", groupId });
    await expect(platform.client.getGroupMemberProfile(groupId, userIds.mei)).rejects.toMatchObject({ status: 404 });
  });

  it("take in no bot that may not join, and no second one", async () => {
    await platform.line.console.setSettings({ channelId, allowGroups: false });
    const { groupId } = await platform.line.console.createGroup({ channelId, userIds: [userIds.mei] });
    const invite = () => platform.line.console.inviteBot({ channelId, groupId });

    await expect(invite()).rejects.toThrow("may not join group chats");
    await platform.line.console.setSettings({ channelId, allowGroups: true });
    await invite();
    await expect(invite()).rejects.toThrow("has an official account already");
  });

  it("of the older kind tell of the joining with the first event after it", async () => {
    const roomId = await createGroup("room");
    expect(events()).toEqual([]);

    await platform.line.console.sendText({ ...mei, groupId: roomId, text: "hi" });

    expect(events()).toMatchObject([
      { type: "join", source: { type: "room", roomId } },
      { type: "message", source: { type: "room", roomId, userId: userIds.mei } },
    ]);
    expect(await platform.client.getRoomMemberCount(roomId)).toEqual({ count: 2 });
    expect(await platform.client.getRoomMemberProfile(roomId, userIds.mei)).toMatchObject({ userId: userIds.mei });
    await platform.client.leaveRoom(roomId);
    await expect(platform.client.leaveRoom(roomId)).resolves.toEqual({});
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

  it("come from the platform itself", async () => {
    const send = (event: Parameters<typeof platform.line.console.sendPlatformEvent>[0]["event"]) =>
      platform.line.console.sendPlatformEvent({ channelId, event });

    await send({ type: "module", module: { type: "attached", botId: devChannel.userId, scopes: ["message:send"] } });
    await send({ type: "module", module: { type: "detached", botId: devChannel.userId, reason: "bot_deleted" } });
    await send({ type: "activated", chatControl: { expireAt: 1_800_000_000_000 } });
    await send({ type: "deactivated" });
    await send({ type: "botSuspended" });
    await send({ type: "botResumed" });
    await send({ type: "delivery", delivery: { data: "tag" } });

    expect(events()).toHaveLength(7);
  });

  it.skipIf(!hasOpenApi)("leave out no kind that LINE's description has", () => {
    const { components } = parse(readFileSync(new URL("webhook.yml", openApiFolder), "utf8")) as {
      components: { schemas: { Event: { discriminator: { mapping: object } } } };
    };

    expect(
      [...Object.keys(components.schemas.Event.discriminator.mapping), "messageEdited"].filter(
        (kind) => !kinds.has(kind),
      ),
    ).toEqual([]);
  });

  it("may be of kinds that nobody knows yet", async () => {
    const { problems } = platform.bot;
    await platform.line.console.sendRawEvents({ channelId, events: [{ type: "teleported", distance: 3 }] });

    expect(events()).toMatchObject([{ type: "teleported", distance: 3, mode: "active" }]);
    // LINE's description cannot know it either.
    problems.length = 0;
  });
});
