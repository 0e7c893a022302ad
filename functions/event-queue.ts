import { createHash } from "node:crypto";
import * as v from "valibot";
import type { AwsCall } from "./aws-call.ts";
import { toConversation } from "./conversation.ts";
import { formatQueueMessage, type QueueMessage } from "./queue-message.ts";

/** Not all events are in the queue. */
export class QueueUnavailable extends Error {
  override readonly name = "QueueUnavailable";
}

/** An event takes more than a message holds, which none of LINE's does. Sending it again would not help. */
export class EventTooLarge extends Error {
  override readonly name = "EventTooLarge";
}

interface Entry {
  Id: string;
  MessageBody: string;
  MessageGroupId: string;
  MessageDeduplicationId: string;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const mostEntries = 10;
const mostBytes = 1024 * 1024;

const answer = v.object({ Successful: v.optional(v.array(v.object({ Id: v.string() })), []) });

export interface EventQueue {
  /**
   * Returns when all messages are safe in the queue, those of one conversation in their order.
   * @throws {QueueUnavailable} when that cannot be said of all of them. Sending them again doubles none.
   * @throws {EventTooLarge} when one of them fits in no message; then none is sent.
   */
  send(messages: readonly QueueMessage[], limits: { timeoutMs: number }): Promise<void>;
}

export function createEventQueue(callSqs: AwsCall, queueUrl: string): EventQueue {
  /** @returns the conversations of what may be not in the queue, and why. */
  const sendBatch = async (batch: Entry[], endsAtMs: number): Promise<[groups: string[], cause?: unknown]> => {
    let left = batch;
    for (let tries = 0; tries < 3; tries++) {
      const timeoutMs = endsAtMs - performance.now();
      if (timeoutMs <= 0) break;
      try {
        const sent = await callSqs("SendMessageBatch", { QueueUrl: queueUrl, Entries: left }, { timeoutMs });
        const safe = new Set(v.parse(answer, sent).Successful.map(({ Id }) => Id));
        left = left.filter(({ Id }) => !safe.has(Id));
      } catch (error) {
        return [toGroups(left), error];
      }
      if (left.length === 0) break;
    }
    return [toGroups(left)];
  };

  return {
    async send(messages, { timeoutMs }) {
      const endsAtMs = performance.now() + timeoutMs;
      const failed = new Set<string>();
      let reason: unknown;
      for (const wave of toWaves(messages.map(toEntry))) {
        const batches = toBatches(wave.filter(({ MessageGroupId }) => !failed.has(MessageGroupId)));
        for (const [groups, cause] of await Promise.all(batches.map((batch) => sendBatch(batch, endsAtMs)))) {
          for (const group of groups) failed.add(group);
          reason ??= cause;
        }
      }
      if (failed.size > 0) throw new QueueUnavailable(describe(failed.size, reason), { cause: reason });
    },
  };
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

/**
 * Each event of a conversation in a wave of its own: of two in one batch, SQS could take the second and refuse the
 * first.
 */
function toWaves(entries: readonly Entry[]): Entry[][] {
  const waves: Entry[][] = [];
  const lengths = new Map<string, number>();
  for (const entry of entries) {
    const length = lengths.get(entry.MessageGroupId) ?? 0;
    lengths.set(entry.MessageGroupId, length + 1);
    (waves[length] ??= []).push(entry);
  }
  return waves;
}

function toBatches(entries: readonly Entry[]): Entry[][] {
  const batches: Entry[][] = [];
  let batch: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.MessageBody);
    if (batch.length === 0 || batch.length === mostEntries || bytes + size > mostBytes) {
      batch = [];
      batches.push(batch);
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  return batches;
}

const toGroups = (entries: readonly Entry[]) => entries.map(({ MessageGroupId }) => MessageGroupId);

/** Ids are the users', and the queue's attributes show up in tools. */
function sha256(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
