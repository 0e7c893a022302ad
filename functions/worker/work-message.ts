import { eventLine, eventOutcomes, replyRefusedMetric } from "@pulumi-line-bot/kit/outcomes";
import { toConversation } from "../shared/conversation.ts";
import { describeError, hashId, toLabel, type Log } from "../shared/log.ts";
import { InProgressElsewhere } from "./once.ts";
import { parseQueueMessage } from "./read-message.ts";
import { leastTimeMs, workEvent, type Delivery, type EventOptions } from "./work-event.ts";
import type { Count } from "./metrics.ts";

/** There is no time left to begin with an event. */
export class NoTimeLeft extends Error {
  override readonly name = "NoTimeLeft";
}

export interface MessageOptions extends EventOptions {
  logFor: (correlationId: string) => Log;
  count: Count;
}

/** A message as it came out of the queue. */
export interface ReceivedMessage extends Pick<Delivery, "receiveCount" | "endsAtMs"> {
  body: string;
  /** When it came into the queue, by the clock. */
  sentAtMs: number;
}

/**
 * Does all that is to be done for one message of the queue, and tells the log what became of it.
 * @throws {Error} when the message has to be received again.
 */
export async function workMessage(
  { body, sentAtMs, ...received }: ReceivedMessage,
  options: MessageOptions,
): Promise<void> {
  const { logFor, count } = options;
  const startedAtMs = performance.now();
  let log = logFor("none");
  let fields = {};
  const finish = (outcome: keyof typeof eventOutcomes) => ({
    ...fields,
    outcome,
    receiveCount: received.receiveCount,
    durationMs: Math.round(performance.now() - startedAtMs),
  });
  try {
    const { event, correlationId, receivedAtMs = sentAtMs } = parseQueueMessage(body);
    log = logFor(correlationId);
    fields = {
      type: toLabel(event.type),
      event: hashId(event.webhookEventId),
      conversation: hashId(toConversation(event)),
    };
    if (received.endsAtMs - startedAtMs < leastTimeMs) throw new NoTimeLeft("The invocation's time is over");
    const delivery = { ...received, receivedAtMs, log, onReplyRefused: () => count(replyRefusedMetric) };
    const outcome = await workEvent(event, delivery, options);
    count(eventOutcomes[outcome].metric);
    log(eventOutcomes[outcome].level, eventLine, finish(outcome));
  } catch (error) {
    // Nothing is wrong with the event when it is only too early for it, or too late.
    const isPostponed = error instanceof NoTimeLeft || error instanceof InProgressElsewhere;
    const outcome = isPostponed ? "postponed" : "failed";
    count(eventOutcomes[outcome].metric);
    log(eventOutcomes[outcome].level, eventLine, { ...finish(outcome), ...describeError(error) });
    throw error instanceof Error ? error : new Error("A handler threw what is no Error", { cause: error });
  }
}
