import { processPartialResponse, SqsFifoPartialProcessorAsync } from "@aws-lambda-powertools/batch";
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { describeError } from "../shared/log.ts";
import { tell } from "./log.ts";
import { InProgressElsewhere, type RemainingTime } from "./once.ts";
import type { Release } from "./visibility.ts";
import { NoTimeLeft, workMessage, type MessageOptions } from "./work-message.ts";
import type { WorkerMetrics } from "./metrics.ts";

export type Worker = (event: SQSEvent, context: RemainingTime) => Promise<SQSBatchResponse>;

export interface WorkerOptions extends Omit<MessageOptions, "count"> {
  release: Release;
  metrics: WorkerMetrics;
  /** The limit in the queue's redrive policy: a message that fails when it is received so often is a dead letter. */
  mostReceives: number;
}

/** Kept of an invocation's time for what comes after a handler: noting its event as done, or giving it back. */
const marginMs = 1500;

interface Invocation {
  leftMs: () => number;
  longestMs: number;
}

/**
 * Works through a batch of the queue: conversations side by side, the events of each in order. An event that fails
 * goes back to the queue at once, and with it those that came after it in its conversation.
 */
export function createWorker(options: WorkerOptions): Worker {
  return async ({ Records }, context) => {
    options.once.beginInvocation(context);
    const invocation = {
      leftMs: () => context.getRemainingTimeInMillis(),
      longestMs: context.getRemainingTimeInMillis(),
    };
    const groups = Map.groupBy(Records, ({ attributes, messageId }) => attributes.MessageGroupId ?? messageId);
    const failures = await Promise.all(
      [...groups.values()].map((records) => workConversation(records, invocation, options)),
    );
    options.metrics.publish();
    return { batchItemFailures: failures.flat() };
  };
}

async function workConversation(
  records: SQSRecord[],
  invocation: Invocation,
  options: WorkerOptions,
): Promise<SQSBatchItemFailure[]> {
  const pauses = new Map<string, number>();
  const isLast = (record: SQSRecord) => receiveCountOf(record) >= options.mostReceives;

  const workRecord = async (record: SQSRecord): Promise<void> => {
    // What will be no more received shares the time with those behind it, which will not be either.
    const sharers = isLast(record) ? records.length - records.indexOf(record) : 1;
    const endsAtMs = performance.now() + (invocation.leftMs() - marginMs) / sharers;
    const receiveCount = receiveCountOf(record);
    const sentAtMs = Number(record.attributes.SentTimestamp);
    try {
      const message = { body: record.body, receiveCount, sentAtMs, endsAtMs };
      await workMessage(message, { ...options, count: options.metrics.count });
    } catch (error) {
      pauses.set(record.messageId, isLast(record) ? 0 : toPauseSeconds(error, receiveCount, invocation));
      throw error;
    }
  };

  const failures: SQSBatchItemFailure[] = [];
  for (const run of toRuns(records, isLast)) failures.push(...(await workRun(run, workRecord)));
  await giveBack(records, failures, pauses, options);
  return failures;
}

/** The runs of a conversation's records in which a failure ends the run: one that becomes a dead letter ends nothing. */
function toRuns(records: SQSRecord[], isLast: (record: SQSRecord) => boolean): SQSRecord[][] {
  const runs: SQSRecord[][] = [[]];
  for (const record of records) {
    runs.at(-1)?.push(record);
    if (isLast(record)) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

async function workRun(Records: SQSRecord[], workRecord: (record: SQSRecord) => Promise<void>) {
  const { batchItemFailures } = await processPartialResponse(
    { Records },
    workRecord,
    new SqsFifoPartialProcessorAsync(),
    { skipGroupOnError: true, throwOnFullBatchFailure: false },
  );
  return batchItemFailures;
}

/**
 * Ends the time for which the queue hides messages from other workers, also that of messages behind the one that
 * failed: none of a conversation is received while any of it is hidden.
 */
async function giveBack(
  records: SQSRecord[],
  failures: SQSBatchItemFailure[],
  pauses: Map<string, number>,
  { release, logFor }: WorkerOptions,
): Promise<void> {
  const failed = new Set(failures.map(({ itemIdentifier }) => itemIdentifier));
  let afterSeconds = 0;
  const messages = records
    .filter(({ messageId }) => failed.has(messageId))
    .map(({ messageId, receiptHandle }) => {
      afterSeconds = pauses.get(messageId) ?? afterSeconds;
      return { receiptHandle, afterSeconds };
    });
  if (messages.length === 0) return;
  try {
    await release(messages);
  } catch (error) {
    // They come back by themselves, only later.
    tell(logFor("none"), "messages not given back", { messages: messages.length, ...describeError(error) });
  }
}

/** A reply token lives for a minute, so the pause is short. */
function toPauseSeconds(error: unknown, receiveCount: number, { longestMs }: Invocation): number {
  if (error instanceof NoTimeLeft) return 0;
  // The other worker's invocation is like this one, and its lease ends with it.
  if (error instanceof InProgressElsewhere) return Math.ceil(longestMs / 1000);
  return receiveCount * 2 - 1;
}

function receiveCountOf({ attributes }: SQSRecord): number {
  return Number(attributes.ApproximateReceiveCount);
}
