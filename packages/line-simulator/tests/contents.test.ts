import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { devChannel } from "../seed.ts";
import { channelId, startPlatform, userIds, type Platform } from "./fixture.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(async () => {
  await platform.line.reset();
  await platform.client.setWebhookEndpoint({ endpoint: platform.bot.url });
  platform.bot.received.length = 0;
});

const mei = { channelId, userId: userIds.mei };
/** The events that came, in order. */
const events = () => platform.bot.received.flatMap(({ body }) => body.events as unknown as Record<string, unknown>[]);

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

async function createGroup(kind: "group" | "room" = "group"): Promise<string> {
  const members = [userIds.mei, userIds.yuki];
  const { groupId } = await platform.line.console.createGroup({ channelId, userIds: members, name: "Trip", kind });
  await platform.line.console.inviteBot({ channelId, groupId });
  return groupId;
}

describe("a content type", () => {
  it.each(["image/png; name=".padEnd(300, "x"), `image/${"x".repeat(300)}`, "png", ""])(
    "that is none is refused, and breaks nothing: %s",
    async (contentType) => {
      const { console: people } = platform.line;

      await expect(people.sendFile({ ...mei, fileName: "a", base64: "YQ==", contentType })).rejects.toThrow(
        "contentType",
      );
      await expect(people.sendText({ ...mei, text: "hello" })).resolves.toMatchObject({
        message: { content: { text: "hello" } },
      });
    },
  );
});
