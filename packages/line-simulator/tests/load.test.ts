import { afterAll, beforeAll, expect, it } from "vitest";
import type { webhook } from "@line/bot-sdk";
import { systemClock } from "../clock.ts";
import { channelId, startPlatform, userIds, type Platform } from "./fixture.ts";

const messages = 3000;
const atOnce = 8;
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ clock: systemClock, behaviour: { webhookTimeoutMs: 60_000 } });
});
afterAll(() => platform[Symbol.asyncDispose]());

it(
  "carries thousands of messages and their replies, and remembers a bounded number of them",
  { timeout: 600_000 },
  async () => {
    const { line, bot, client } = platform;
    const replies: Promise<unknown>[] = [];
    bot.respond = ({ body }) => {
      bot.received.length = 0;
      for (const event of body.events as webhook.MessageEvent[]) {
        replies.push(client.replyMessage({ replyToken: event.replyToken!, messages: [{ type: "text", text: "yes" }] }));
      }
      return 200;
    };

    const write = async () => {
      for (let count = 0; count < messages / atOnce; count++) {
        const { delivery } = await line.console.sendText({ channelId, userId: userIds.mei, text: `message ${count}` });
        expect(delivery?.success).toBe(true);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, write));
    await Promise.all(replies);

    const kept = await line.console.messages({ channelId, chatId: userIds.mei });
    expect(replies).toHaveLength(messages);
    expect(kept.length).toBeLessThanOrEqual(2100);
    expect(line.traces().length).toBeLessThanOrEqual(1000);
    expect(bot.connections()).toBeLessThanOrEqual(atOnce + 1);
  },
);
