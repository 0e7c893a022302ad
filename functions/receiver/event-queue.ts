import { createHash } from "node:crypto";
import * as v from "valibot";
import type { AwsCall } from "../shared/aws-call.ts";
import { toConversation } from "../shared/conversation.ts";
import { Backlog, mostBytes, type Entry, type Fate } from "./event-backlog.ts";
import { formatQueueMessage, type QueueMessage } from "../shared/queue-message.ts";

/** Not all events are in the queue. */
export class QueueUnavailable extends Error {
  override readonly name = "QueueUnavailable";
}

/** An event takes more than a message holds, which none of LINE's does. Sending it again would not help. */
export class EventTooLarge extends Error {
  override readonly name = "EventTooLarge";
}

/** Calls under way at once: a thousand chats need a hundred, and each call more than another needs a connection. */
const mostCalls = 8;
/** Events of requests that came in only in part. LINE sends a request again within minutes, or never. */
const mostRemembered = 10_000;

const answer = v.object({
  Successful: v.optional(v.array(v.object({ Id: v.string() })), []),
  Failed: v.optional(
    v.array(v.object({ Id: v.string(), Code: v.string(), SenderFault: v.optional(v.boolean(), false) })),
    [],
  ),
});
type Answer = v.InferOutput<typeof answer>;

export interface EventQueue {
  /**
   * Returns when all messages are safe in the queue, those of one conversation in their order. When there was no time
   * for all of them, the next request with the same events goes on where this one ended.
   * @returns how many SQS took although it refused one before them of the same conversation and call.
   * @throws {QueueUnavailable} when that cannot be said of all of them. Sending them again doubles none.
   * @throws {EventTooLarge} when one of them fits in no message; then none is sent.
   */
  send(messages: readonly QueueMessage[], limits: { timeoutMs: number }): Promise<{ overtaken: number }>;
}

export function createEventQueue(callSqs: AwsCall, queueUrl: string): EventQueue {
  /** Deduplication ids of what is in the queue, of requests that will come again. */
  const remembered = new Set<string>();

  const sendAll = async (backlog: Backlog, endsAtMs: number): Promise<unknown> => {
    let reason: unknown;
    const sendBatch = async (batch: Entry[], timeoutMs: number): Promise<void> => {
      try {
        const sent = v.parse(
          answer,
          await callSqs("SendMessageBatch", { QueueUrl: queueUrl, Entries: batch }, { timeoutMs }),
        );
        reason ??= tryFindReason(sent);
        backlog.settle(batch, toFates(sent));
      } catch (error) {
        reason ??= error;
        // Some of them may be in the queue: what is behind them waits until they come again.
        backlog.settle(batch, () => "hopeless");
      }
    };
    const lane = async (): Promise<void> => {
      for (;;) {
        const leftMs = endsAtMs - performance.now();
        const batch = leftMs > 0 ? backlog.take() : [];
        if (batch.length === 0) return;
        await sendBatch(batch, leftMs);
      }
    };
    await Promise.all(Array.from({ length: mostCalls }, lane));
    return reason;
  };

  const remember = (entries: readonly Entry[]) => {
    for (const { MessageDeduplicationId } of entries) remembered.add(MessageDeduplicationId);
    for (const oldest of remembered) {
      if (remembered.size <= mostRemembered) break;
      remembered.delete(oldest);
    }
  };

  return {
    async send(messages, { timeoutMs }) {
      const endsAtMs = performance.now() + timeoutMs;
      const entries = messages.map(toEntry);
      const backlog = new Backlog(entries.filter(({ MessageDeduplicationId: id }) => !remembered.has(id)));
      const reason = await sendAll(backlog, endsAtMs);
      const { left, safe, overtaken } = backlog;
      if (left > 0) {
        remember(safe);
        throw new QueueUnavailable(describe(left, reason), { cause: reason });
      }
      for (const { MessageDeduplicationId } of entries) remembered.delete(MessageDeduplicationId);
      return { overtaken };
    },
  };
}

function toFates({ Successful, Failed }: Answer): (entry: Entry) => Fate {
  const safe = new Set(Successful.map(({ Id }) => Id));
  const hopeless = new Set(Failed.filter(({ SenderFault }) => SenderFault).map(({ Id }) => Id));
  return ({ Id }) => (safe.has(Id) ? "safe" : hopeless.has(Id) ? "hopeless" : "again");
}

function tryFindReason({ Failed: [failed] }: Answer): Error | undefined {
  if (failed === undefined) return undefined;
  return new Error(`SQS refused a message: ${/^[\w.]{1,80}$/.test(failed.Code) ? failed.Code : "(not a code)"}`);
}

function describe(conversations: number, reason: unknown): string {
  const why = reason instanceof Error ? `: ${reason.message}` : "";
  return `Events of ${conversations} conversations are not in the queue${why}`;
}

function toEntry(message: QueueMessage, index: number): Entry {
  const MessageBody = formatQueueMessage(message);
  if (Buffer.byteLength(MessageBody) > mostBytes) throw new EventTooLarge("An event is larger than a message may be");
  return {
    Id: String(index),
    MessageBody,
    MessageGroupId: sha256(toConversation(message.event)),
    MessageDeduplicationId: sha256(message.event.webhookEventId),
  };
}

/** Ids are the users', and the queue's attributes show up in tools. */
function sha256(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
