import type { SQSRecord } from "aws-lambda";
import { createAccessTokens } from "../../functions/worker/access-tokens.ts";
import { createAwsCall } from "../../functions/shared/aws-call.ts";
import type { Bot } from "../../functions/bot-interface.ts";
import defaultBot from "../../functions/bot.ts";
import { createCredentialsCache, type CacheLimits } from "../../functions/shared/credentials-cache.ts";
import { createEventQueue } from "../../functions/receiver/event-queue.ts";
import { createLineClient } from "../../functions/worker/line-client.ts";
import { createLog } from "../../functions/shared/log.ts";
import { createMarks } from "../../functions/worker/marks.ts";
import { createOnce } from "../../functions/worker/once.ts";
import { createReceiver, type ReceiverRequest } from "../../functions/receiver/receiver.ts";
import { fetchCredentials } from "../../functions/shared/secret-store.ts";
import { createRelease } from "../../functions/worker/visibility.ts";
import { createWorker } from "../../functions/worker/work-batch.ts";
import type { Metric } from "../../functions/worker/metrics.ts";
import { secretArn, startCloud, type Cloud, type Queued } from "./cloud.ts";
import { createEventsTable, type EventsTable } from "./table.ts";
import { countTimeInTurns } from "./turns.ts";

countTimeInTurns();

export interface Options {
  bot?: Bot;
  botUserId?: string;
  /** The receiver's time for a request. */
  timeoutMs?: number;
  /** What Lambda gives an invocation of the worker. */
  invocationMs?: number;
  loadingAfterMs?: number;
  limits?: CacheLimits;
  now?: () => number;
  /** A queue elsewhere, instead of the one in the loopback cloud, and the key for it. */
  queue?: { QueueUrl: string; accessKey: { accessKeyId: string; secretAccessKey: string } };
  /** Instead of a table of this function's own. */
  table?: EventsTable;
  /** Before the function starts, and so before it fetches its credentials. */
  prepare?: (cloud: Cloud) => void;
}

/** The limit that the infrastructure sets. */
export const mostReceives = 3;

/** A key without a session. */
const toEnv = (key?: { accessKeyId: string; secretAccessKey: string }) =>
  key && {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_SESSION_TOKEN: undefined,
  };

/** Receiver and worker with a queue between them, and the services they call on loopback. */
export async function startFunction({ bot = defaultBot, prepare, limits, now, ...options }: Options = {}) {
  const cloud = await startCloud();
  prepare?.(cloud);
  const table = options.table ?? (await createEventsTable());
  cloud.tableUrl = table.url;
  const { env } = cloud;
  const queueUrl = options.queue?.QueueUrl ?? env["QUEUE_URL"] ?? "";
  const queueEnv = { ...env, AWS_ENDPOINT_URL_SQS: new URL(queueUrl).origin, ...toEnv(options.queue?.accessKey) };
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const counted: Metric[] = [];
  const callSecretsManager = createAwsCall("secretsmanager", env);
  const callSqs = createAwsCall("sqs", queueEnv);
  const credentials = createCredentialsCache(() => fetchCredentials(secretArn, callSecretsManager), {
    log: createLog("none", print),
    ...(limits && { limits }),
    ...(now && { now }),
  });

  const receiver = createReceiver({
    credentials,
    queue: createEventQueue(callSqs, queueUrl),
    botUserId: options.botUserId,
    timeoutMs: options.timeoutMs ?? 20_000, // More than LINE waits: on a busy machine the tests are about other things.
    ...(now && { now }),
    print,
  });
  const tokens = createAccessTokens(credentials, { apiUrl: cloud.url });
  const worker = createWorker({
    bot,
    lineFor: (log) => createLineClient(tokens, cloud.url, log),
    once: createOnce(table.name, env),
    marks: createMarks(createAwsCall("dynamodb", env), table.name),
    release: createRelease(callSqs, queueUrl),
    logFor: (correlationId) => createLog(correlationId, print),
    metrics: { count: (metric) => void counted.push(metric), publish: () => undefined },
    loadingAfterMs: options.loadingAfterMs ?? 30_000,
    mostReceives,
  });

  let taken = 0;
  /** Messages that failed, to be received again. */
  let left: SQSRecord[] = [];
  /** Gives the worker what is in the queue, as one batch; what fails stays there. */
  const deliver = async (records: SQSRecord[] = [...left, ...cloud.queue.slice(taken).map(toRecord)]) => {
    if (records.length === 0) return [];
    taken = cloud.queue.length;
    const endsAtMs = performance.now() + (options.invocationMs ?? 60_000);
    const context = { getRemainingTimeInMillis: () => Math.max(0, endsAtMs - performance.now()) };
    const { batchItemFailures } = await worker({ Records: records }, context);
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    left = records.filter(({ messageId }) => failed.has(messageId)).map(receivedAgain);
    return left;
  };

  const send = async (request: ReceiverRequest) => {
    const answer = await receiver(request);
    await deliver();
    return answer;
  };

  return {
    cloud,
    table,
    worker,
    lines,
    /** What the worker counted. */
    counted,
    /** Lines of the log as objects. */
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    /** The receiver alone. */
    receive: (request: ReceiverRequest) => receiver(request),
    deliver,
    /** A request, and what comes of it in the worker. */
    send,
    /** The status that a request is answered with, once the worker is done with it. */
    status: async (request: ReceiverRequest) => (await send(request)).statusCode,
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}

let messages = 0;

/** A message as Lambda gives it to the worker. */
export function toRecord(queued: Pick<Queued, "MessageBody" | "MessageGroupId">): SQSRecord {
  messages += 1;
  return {
    messageId: `message-${messages}`,
    receiptHandle: `receipt-${messages}`,
    body: queued.MessageBody,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: String(Date.now()),
      SenderId: "AIDAEXAMPLE",
      ApproximateFirstReceiveTimestamp: String(Date.now()),
      MessageGroupId: queued.MessageGroupId,
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:ap-northeast-1:123456789012:bot-events.fifo",
    awsRegion: "ap-northeast-1",
  };
}

function receivedAgain(record: SQSRecord): SQSRecord {
  const ApproximateReceiveCount = String(Number(record.attributes.ApproximateReceiveCount) + 1);
  return { ...record, attributes: { ...record.attributes, ApproximateReceiveCount } };
}
