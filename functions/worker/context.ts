import type { messagingApi, webhook } from "@line/bot-sdk";
import { createAnswers, type AnswersOptions } from "./answers.ts";
import type { ReplyContext } from "../bot-interface.ts";
import { withDeadline } from "./deadline.ts";
import { toLanguage } from "./language.ts";
import { isStatus, type LineClient } from "./line-client.ts";
import { describeError, type Log } from "../shared/log.ts";
import { tell } from "./log.ts";
import { withRetryKeys } from "./keyed-client.ts";

/** A greeting in English is better than one that comes too late. */
const profileTimeoutMs = 500;

/** What a handler works with. The types let it reply only where LINE takes a reply. */
export function createContext(event: webhook.Event, options: AnswersOptions): ReplyContext<webhook.Event> {
  const { line, log, signal } = options;
  let asked: Promise<messagingApi.UserProfileResponse | undefined> | undefined;
  const profile = () => (asked ??= tryGetProfile(event, line, log));
  return {
    event,
    line: withRetryKeys(line, event.webhookEventId),
    log,
    signal,
    profile,
    language: async () => toLanguage((await profile())?.language),
    ...createAnswers(event, options),
  };
}

async function tryGetProfile(event: webhook.Event, line: LineClient, log: Log) {
  const userId = event.source?.userId;
  if (userId === undefined) return undefined;
  try {
    return await withDeadline(profileTimeoutMs, () => line.getProfile(userId));
  } catch (error) {
    // 404 is LINE's answer for one who is no friend, or did not consent; without a profile the bot still answers.
    if (!isStatus(error, 404)) tell(log, "profile not available", describeError(error));
    return undefined;
  }
}
