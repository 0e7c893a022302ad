import type { webhook } from "@line/bot-sdk";
import type { eventOutcomes } from "@pulumi-line-bot/kit/outcomes";
import { ReplyRefused } from "./answers.ts";
import type { Bot } from "../bot-interface.ts";
import { withDeadline } from "./deadline.ts";
import type { LineClient } from "./line-client.ts";
import type { Log } from "../shared/log.ts";
import type { Marks } from "./marks.ts";
import type { Once } from "./once.ts";
import { tryFindHandler, work, type AnyHandler } from "./work.ts";

/**
 * What became of an event that is done with.
 * `ignored`: the bot has no handler for it. `standby`: another channel has the chat, and this one has to be silent.
 * `duplicate`: it was handled before. `unsent`: the message was taken back before it came here.
 * `reply refused`: LINE will not take the reply, however often it is sent. `reply too late`: its token's time was over.
 */
export type Outcome = Exclude<keyof typeof eventOutcomes, "failed" | "postponed">;

export interface EventOptions {
  bot: Bot;
  /** The client that tells of its troubles with tokens in the event's log. */
  lineFor: (log: Log) => LineClient;
  once: Once;
  marks: Marks;
  /** After which a user sees that an answer is coming. */
  loadingAfterMs?: number;
}

/** The way that an event came. */
export interface Delivery {
  log: Log;
  receiveCount: number;
  /** When LINE's request came, by the clock. */
  receivedAtMs: number;
  /** When the time for the event is over, by `performance.now()`. */
  endsAtMs: number;
  onReplyRefused: () => void;
}

/** A handler is not begun with less time than this. */
export const leastTimeMs = 500;

/**
 * Has an event handled, if it is the bot's to handle, and not handled before.
 * @throws whatever its handler throws.
 */
export async function workEvent(event: webhook.Event, delivery: Delivery, options: EventOptions): Promise<Outcome> {
  // https://developers.line.biz/en/docs/messaging-api/receiving-messages/: an event may come after one that is later.
  const unsent = tryFindUnsent(event);
  if (unsent !== undefined) await options.marks.put("unsent", unsent);
  // https://developers.line.biz/en/reference/messaging-api/#common-properties
  if (event.mode === "standby") return "standby";
  const handler = tryFindHandler(options.bot, event);
  if (handler === undefined) return "ignored";
  let outcome: Outcome = "duplicate";
  const handleOnce = async () => {
    outcome = await handle(event, handler, delivery, options);
  };
  const { log, endsAtMs } = delivery;
  await options.once.run(event.webhookEventId, handleOnce, { log, untilMs: endsAtMs - leastTimeMs });
  return outcome;
}

async function handle(
  event: webhook.Event,
  handler: AnyHandler,
  { log, receiveCount, receivedAtMs, endsAtMs, onReplyRefused }: Delivery,
  { bot, lineFor, marks, loadingAfterMs = 1000 }: EventOptions,
): Promise<Outcome> {
  if (await isUnsent(event, marks)) return "unsent";
  let outcome: Outcome = "handled";
  try {
    await withDeadline(endsAtMs - performance.now(), (signal) =>
      work(event, handler, {
        line: lineFor(log),
        log,
        signal,
        marks,
        receivedAtMs,
        isRepeat: receiveCount > 1 || event.deliveryContext.isRedelivery || isLate(event),
        onRefused: onReplyRefused,
        onTooLate: () => {
          outcome = "reply too late";
        },
        loadingAfterMs: bot.loadingIndicator === false ? undefined : loadingAfterMs,
      }),
    );
    return outcome;
  } catch (error) {
    if (error instanceof ReplyRefused) return "reply refused";
    throw error;
  }
}

/** It was in the queue for long, or among the dead letters, from where it comes as if for the first time. */
function isLate({ timestamp }: webhook.Event): boolean {
  return Date.now() - timestamp > 60_000;
}

// What belongs to one type of event is not checked yet.

function tryFindUnsent(event: webhook.Event): string | undefined {
  if (event.type !== "unsend") return undefined;
  const unsend = event.unsend as webhook.UnsendDetail | null | undefined;
  return typeof unsend?.messageId === "string" ? unsend.messageId : undefined;
}

async function isUnsent(event: webhook.Event, marks: Marks): Promise<boolean> {
  if (event.type !== "message") return false;
  const message = event.message as webhook.MessageContent | null | undefined;
  return typeof message?.id === "string" && marks.has("unsent", message.id);
}
