import { setTimeout as wait } from "node:timers/promises";
import type { messagingApi, webhook } from "@line/bot-sdk";
import type { Reply, ReplyContext } from "./bot-interface.ts";
import { withDeadline } from "./deadline.ts";
import { toLanguage } from "./language.ts";
import { isStatus, type LineClient } from "./line-client.ts";
import { describeError, type Log } from "./log.ts";

/** A greeting in English is better than one that comes too late. */
const profileTimeoutMs = 500;

/** LINE counts UTF-16 code units. https://developers.line.biz/en/reference/messaging-api/#text-message */
const longestText = 5000;

/** What a handler works with. The types let it reply only where LINE takes a reply. */
export function createContext(
  event: webhook.Event,
  { line, log, signal }: { line: LineClient; log: Log; signal: AbortSignal },
): ReplyContext<webhook.Event> {
  let asked: Promise<messagingApi.UserProfileResponse | undefined> | undefined;
  const profile = () => (asked ??= tryGetProfile(event, line, log));
  let replied = false;
  return {
    event,
    line,
    log,
    signal,
    profile,
    language: async () => toLanguage((await profile())?.language),
    async reply(...messages) {
      if (replied) throw new Error("The event is answered already: LINE takes one reply, of up to five messages");
      replied = true;
      await sendReply(line, findReplyToken(event), messages.map(toMessage), signal);
    },
  };
}

async function tryGetProfile(event: webhook.Event, line: LineClient, log: Log) {
  const userId = event.source?.userId;
  if (userId === undefined) return undefined;
  try {
    return await withDeadline(profileTimeoutMs, () => line.getProfile(userId));
  } catch (error) {
    // 404 is LINE's answer for one who is no friend, or did not consent; without a profile the bot still answers.
    if (!isStatus(error, 404)) log("warn", "profile not available", describeError(error));
    return undefined;
  }
}

function findReplyToken(event: webhook.Event): string {
  if ("replyToken" in event && typeof event.replyToken === "string") return event.replyToken;
  throw new Error(`LINE takes no reply to this event: ${event.type} came without a reply token`);
}

function toMessage(reply: Reply): messagingApi.Message {
  return typeof reply === "string" ? { type: "text", text: toText(reply) } : reply;
}

/** LINE refuses a longer text, and half a character at its end would be none. */
function toText(text: string): string {
  if (text.length <= longestText) return text.toWellFormed();
  return `${text.slice(0, longestText - 1).replace(/[\uD800-\uDBFF]$/, "")}…`.toWellFormed();
}

/**
 * A reply token is good for one reply, so sending it again after a failure of LINE's cannot answer twice. Whatever
 * else LINE says is final.
 */
async function sendReply(
  line: LineClient,
  replyToken: string,
  messages: messagingApi.Message[],
  signal: AbortSignal,
): Promise<void> {
  for (let pauseMs = 100; ; pauseMs *= 2) {
    try {
      await line.replyMessage({ replyToken, messages });
      return;
    } catch (error) {
      if (pauseMs > 400 || !isStatus(error, 429, 500, 502, 503, 504)) throw error;
    }
    await wait(pauseMs * (0.5 + Math.random() / 2), undefined, { signal });
  }
}
