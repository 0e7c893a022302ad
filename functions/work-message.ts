import type { webhook } from "@line/bot-sdk";
import { ReplyRefused } from "./answers.ts";
import type { Bot } from "./bot-interface.ts";
import { toConversation } from "./conversation.ts";
import { withDeadline } from "./deadline.ts";
import type { LineClient } from "./line-client.ts";
import { describeError, hashId, toLabel, type Log } from "./log.ts";
import type { Marks } from "./marks.ts";
import type { Once } from "./once.ts";
import { parseQueueMessage } from "./read-message.ts";
import { tryFindHandler, work, type AnyHandler } from "./work.ts";
import type { Count, Metric } from "./worker-metrics.ts";

/** What became of an event that is done with. */
const metrics = {
  handled: "EventHandled",
  /** The bot has no handler for it. */
  ignored: "EventIgnored",
  /** Another channel has the chat, and this one has to be silent. */
  standby: "EventIgnored",
  /** It was handled before. */
  duplicate: "EventDuplicate",
  /** The message was taken back before it came here. */
  unsent: "EventUnsent",
  /** LINE will not take the reply, however often it is sent. */
  "reply refused": "EventFailed",
} as const satisfies Record<string, Metric>;

type Outcome = keyof typeof metrics;

export interface MessageOptions {
  bot: Bot;
  /** The client that tells of its troubles with tokens in the event's log. */
  lineFor: (log: Log) => LineClient;
  once: Once;
  marks: Marks;
  logFor: (correlationId: string) => Log;
  count: Count;
  /** After which a user sees that an answer is coming. */
  loadingAfterMs?: number;
}

/** A message as it came out of the queue, and when it has to be done with. */
export interface ReceivedMessage {
  body: string;
  receiveCount: number;
  /** When the receiver put it into the queue, by the clock. */
  sentAtMs: number;
  /** When the time for its event is over, by `performance.now()`. */
  endsAtMs: number;
}

/**
 * Does all that is to be done for one message of the queue, and tells the log what became of it.
 * @throws {Error} when the message has to be received again.
 */
export async function workMessage(received: ReceivedMessage, options: MessageOptions): Promise<void> {
  const { logFor, count } = options;
  const startedAtMs = performance.now();
  let log = logFor("none");
  let fields = {};
  const finish = (outcome: string) => ({
    ...fields,
    outcome,
    receiveCount: received.receiveCount,
    durationMs: Math.round(performance.now() - startedAtMs),
  });
  try {
    const { event, correlationId } = parseQueueMessage(received.body);
    log = logFor(correlationId);
    fields = {
      type: toLabel(event.type),
      event: hashId(event.webhookEventId),
      conversation: hashId(toConversation(event)),
    };
    const outcome = await workEvent(event, log, received, options);
    count(metrics[outcome]);
    log(outcome === "reply refused" ? "error" : "info", "event", finish(outcome));
  } catch (error) {
    count("EventFailed");
    log("error", "event", { ...finish("failed"), ...describeError(error) });
    throw error instanceof Error ? error : new Error("A handler threw what is no Error", { cause: error });
  }
}

async function workEvent(
  event: webhook.Event,
  log: Log,
  received: ReceivedMessage,
  options: MessageOptions,
): Promise<Outcome> {
  // https://developers.line.biz/en/docs/messaging-api/receiving-messages/: an event may come after one that is later.
  if (event.type === "unsend") await options.marks.put("unsent", event.unsend.messageId);
  // https://developers.line.biz/en/reference/messaging-api/#common-properties
  if (event.mode === "standby") return "standby";
  const handler = tryFindHandler(options.bot, event);
  if (handler === undefined) return "ignored";
  let outcome: Outcome = "duplicate";
  await options.once.run(
    event.webhookEventId,
    async () => {
      outcome = await handle(event, handler, log, received, options);
    },
    log,
  );
  return outcome;
}

async function handle(
  event: webhook.Event,
  handler: AnyHandler,
  log: Log,
  { receiveCount, sentAtMs, endsAtMs }: ReceivedMessage,
  { bot, lineFor, marks, count, loadingAfterMs = 1000 }: MessageOptions,
): Promise<Outcome> {
  if (await isUnsent(event, marks)) return "unsent";
  try {
    await withDeadline(endsAtMs - performance.now(), (signal) =>
      work(event, handler, {
        line: lineFor(log),
        log,
        signal,
        marks,
        sentAtMs,
        isRepeat: receiveCount > 1 || event.deliveryContext.isRedelivery || isLate(event),
        onRefused: () => count("ReplyRefused"),
        loadingAfterMs: bot.loadingIndicator === false ? undefined : loadingAfterMs,
      }),
    );
    return "handled";
  } catch (error) {
    if (error instanceof ReplyRefused) return "reply refused";
    throw error;
  }
}

/** It was in the queue for long, or among the dead letters, from where it comes as if for the first time. */
function isLate({ timestamp }: webhook.Event): boolean {
  return Date.now() - timestamp > 60_000;
}

async function isUnsent(event: webhook.Event, marks: Marks): Promise<boolean> {
  if (event.type !== "message") return false;
  // What belongs to one type of event is not checked yet.
  const message = event.message as webhook.MessageContent | null | undefined;
  return typeof message?.id === "string" && marks.has("unsent", message.id);
}
