import { randomUUID } from "node:crypto";
import type { messagingApi } from "@line/bot-sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { prodChannel } from "../seed.ts";
import { channelId, createClient, startPlatform, userIds, type Platform } from "./fixture.ts";
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

describe("a reply", () => {
  it("arrives in the chat, with ids and quote tokens told", async () => {
    const { seq } = await write();
    const replyToken = replyTokenOf(platform.bot);

    const { sentMessages } = await platform.client.replyMessage({ replyToken, messages: [text("a"), text("b")] });

    const answer = await platform.line.console.nextMessage({ channelId, userId: userIds.mei }, seq);
    expect(answer).toMatchObject({ id: sentMessages[0]?.id, content: text("a") });
    expect(sentMessages.map(({ quoteToken }) => typeof quoteToken)).toEqual(["string", "string"]);
  });

  it("needs a token that was not used before", async () => {
    await write();
    const replyToken = replyTokenOf(platform.bot);
    await platform.client.replyMessage({ replyToken, messages: [text()] });

    const again = await platform.call("POST", "/v2/bot/message/reply", { replyToken, messages: [text()] });

    expect(again).toMatchObject({ status: 400, body: { message: "Invalid reply token" } });
  });

  it("needs a token of the last minute", async () => {
    await write();
    const replyToken = replyTokenOf(platform.bot);
    platform.clock.advance(60_001);

    const late = await platform.call("POST", "/v2/bot/message/reply", { replyToken, messages: [text()] });

    expect(late).toMatchObject({ status: 400, body: { message: "Invalid reply token" } });
  });

  it("needs a token that this bot received", async () => {
    await write();
    const replyToken = replyTokenOf(platform.bot);
    const other = createClient(platform.line, prodChannel.channelAccessToken);

    const theft = other.replyMessage({ replyToken, messages: [text()] });

    await expect(theft).rejects.toMatchObject({ status: 400 });
  });

  it("takes no retry key", async () => {
    await write();
    const body = { replyToken: replyTokenOf(platform.bot), messages: [text()] };

    const { status } = await platform.call("POST", "/v2/bot/message/reply", body, { "x-line-retry-key": randomUUID() });

    expect(status).toBe(400);
  });
});

describe("a push", () => {
  it("reaches a friend", async () => {
    await push(userIds.yuki, [text("good morning")]);

    expect(await chat(userIds.yuki)).toMatchObject([{ content: text("good morning") }]);
  });

  it("to someone who blocked the bot succeeds, arrives nowhere and costs nothing", async () => {
    await platform.line.console.block({ channelId, userId: userIds.yuki });

    const { sentMessages } = await push(userIds.yuki);

    expect(sentMessages).toHaveLength(1);
    expect(await chat(userIds.yuki)).toEqual([]);
    expect(await platform.client.getMessageQuotaConsumption()).toEqual({ totalUsage: 0 });
  });

  it("reaches a stranger who wrote within seven days, and not later", async () => {
    const userId = await addStranger();
    await push(userId, [text("too early")]);
    await platform.line.console.sendText({ channelId, userId, text: "hi" });

    await push(userId, [text("in time")]);
    platform.clock.advance(7 * 86_400_000);
    await push(userId, [text("too late")]);

    const said = (await chat(userId)).flatMap(({ content }) => ("text" in content ? [content.text] : []));
    expect(said).toEqual(["hi", "in time"]);
  });

  it.each([
    ["an id that is none", "everyone", "The property, 'to', in the request body is invalid (line: -, column: -)"],
    ["a user of another provider", `U${"0".repeat(32)}`, "Failed to send messages"],
    ["a group that the bot is not in", `C${"0".repeat(32)}`, "Failed to send messages"],
  ])("to %s is refused", async (_, to, message) => {
    expect(await platform.call("POST", "/v2/bot/message/push", { to, messages: [text()] })).toMatchObject({
      status: 400,
      body: { message },
    });
  });
});

describe("what is sent", () => {
  const details = (message: string, property: string) => ({
    status: 400,
    body: { message: "The request body has 1 error(s)", details: [{ message, property }] },
  });
  const image = {
    type: "image",
    originalContentUrl: "http://a.example/a.png",
    previewImageUrl: "https://a.example/a.png",
  };
  const button = { type: "postback", label: "Buy", data: "x".repeat(301) };
  const buttons = { type: "buttons", text: "Choose", actions: [button] };

  it.each([
    ["no message", [], details("Size must be between 1 and 5", "messages")],
    ["six messages", Array.from({ length: 6 }, () => text()), details("Size must be between 1 and 5", "messages")],
    ["empty text", [text("")], details("May not be empty", "messages[0].text")],
    ["5,001 units of text", [text("a".repeat(5001))], details("Length must be between 0 and 5000", "messages[0].text")],
    [
      "2,501 apples, each two units",
      [text("🍎".repeat(2501))],
      details("Length must be between 0 and 5000", "messages[0].text"),
    ],
    ["no type", [{ text: "a" }], details("May not be empty", "messages[0].type")],
    ["an http image", [image], details("invalid uri scheme", "messages[0].originalContentUrl")],
    [
      "more quick replies than 13",
      [
        {
          ...text(),
          quickReply: {
            items: Array.from({ length: 14 }, () => ({ type: "action", action: { type: "camera", label: "c" } })),
          },
        },
      ],
      details("Size must be between 0 and 13", "messages[0].quickReply.items"),
    ],
    [
      "postback data of 301 characters",
      [{ type: "template", altText: "menu", template: buttons }],
      details("Length must be between 0 and 300", "messages[0].template.actions[0].data"),
    ],
  ])("is refused with %s", async (_, messages, expected) => {
    expect(await platform.call("POST", "/v2/bot/message/validate/push", { messages })).toMatchObject(expected);
  });

  it("has its labels where they are required, as long as their place allows", async () => {
    const validate = async (actions: object[], type = "confirm") => {
      const template = { type, text: "Sure?", actions };
      const messages = [{ type: "template", altText: "confirm", template }];
      return (await platform.call("POST", "/v2/bot/message/validate/push", { messages })).body;
    };
    const action = (label?: string) => ({ type: "message", text: "yes", ...(label !== undefined && { label }) });

    expect(await validate([action("Yes"), action("x".repeat(21))])).toMatchObject({
      details: [{ message: "Length must be between 0 and 20", property: "messages[0].template.actions[1].label" }],
    });
    expect(await validate([action("Yes"), action()])).toMatchObject({
      details: [{ message: "May not be empty", property: "messages[0].template.actions[1].label" }],
    });
    expect(await validate([action("Yes"), action("No")])).toEqual({});
  });

  it("may be 2,500 apples and 5 messages", async () => {
    const messages = Array.from({ length: 5 }, () => text("🍎".repeat(2500)));

    await expect(platform.client.validatePush({ messages })).resolves.toEqual({});
  });

  it("may have a label of twenty graphemes, however many units they take", async () => {
    const family = "👨‍👩‍👧‍👦";
    const quickReply = (label: string) => ({
      items: [{ type: "action" as const, action: { type: "camera" as const, label } }],
    });
    const validate = (label: string) =>
      platform.client.validatePush({ messages: [{ ...text(), quickReply: quickReply(label) }] });

    await expect(validate(family.repeat(20))).resolves.toEqual({});
    await expect(validate(family.repeat(21))).rejects.toMatchObject({ status: 400 });
  });

  it("names the types that there are when one is unknown", async () => {
    const { body } = await platform.call("POST", "/v2/bot/message/validate/reply", {
      messages: [{ type: "carousel" }],
    });

    expect(JSON.stringify(body)).toContain(
      "Must be one of the following values: [text, textV2, sticker, image, video, audio, location,",
    );
  });

  it("is refused when it is not JSON, of another content type, or above 2 MB", async () => {
    const path = "/v2/bot/message/validate/reply";
    const big = { messages: [text("x".repeat(2 * 1024 * 1024))] };

    expect(await platform.call("POST", path, "{messages: []}")).toMatchObject({
      status: 400,
      body: { message: "The request body could not be parsed as JSON (line: 1, column: 2)" },
    });
    expect(await platform.call("POST", path, "{}", { "content-type": "text/plain" })).toMatchObject({
      status: 415,
      body: { message: "The content type, text/plain, is not supported" },
    });
    expect(await platform.call("POST", path, big)).toMatchObject({ status: 413 });
  });
});

async function addStranger(): Promise<string> {
  await platform.line.console.addPerson({ displayName: "Stranger" });
  const { channels } = await platform.line.console.overview();
  return channels[0]!.people.at(-1)!.userId;
}
