import type { APIGatewayProxyStructuredResultV2, Context as LambdaContext } from "aws-lambda";
import type { webhook } from "@line/bot-sdk";
import type { Callback } from "./callback.ts";
import type { CredentialsCache } from "./credentials-cache.ts";
import { EventTooLarge, QueueUnavailable, type EventQueue } from "./event-queue.ts";
import { createLog, hashId, type Fields, type Log, type Print } from "./log.ts";
import { receive, type WebhookRequest } from "./receive.ts";

/** What API Gateway sends, of which a direct call may leave out all but the signed body. */
export type ReceiverRequest = WebhookRequest & { requestContext?: { requestId?: string } };
export type Receiver = (
  request: ReceiverRequest,
  context?: Partial<Pick<LambdaContext, "awsRequestId">>,
) => Promise<APIGatewayProxyStructuredResultV2>;

export interface ReceiverOptions {
  credentials: CredentialsCache;
  queue: EventQueue;
  /** The bot whose events these are. Those of another are not taken. */
  botUserId?: string | undefined;
  /** For a whole request: LINE waits for 2 seconds. */
  timeoutMs?: number;
  now?: () => number;
  print?: Print;
}

/** 5xx is said only where LINE should send the request again. */
const statuses = {
  received: 200,
  malformed: 400,
  "not authentic": 401,
  "too large": 413,
  "credentials unavailable": 503,
  "queue unavailable": 503,
} as const;

type Received = { outcome: keyof typeof statuses } & Fields;

/** Who replays a captured request later than this has waited for the table of events to forget it. */
const oldestEventMs = 3 * 24 * 60 * 60_000;

/** Takes webhook requests: each is answered with 200 when all its events are safe in the queue. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { timeoutMs = 1500, print } = options;
  return async (request, context) => {
    const startedAtMs = performance.now();
    const elapsedMs = () => Math.round(performance.now() - startedAtMs);
    const correlationId = request.requestContext?.requestId ?? context?.awsRequestId ?? "none";
    const log = createLog(correlationId, print);
    const received = await receiveAll(request, correlationId, () => timeoutMs - elapsedMs(), log, options);
    const status = statuses[received.outcome];
    log(status < 500 ? "info" : "error", "webhook", { status, ...received, durationMs: elapsedMs() });
    return { statusCode: status, headers: { "content-type": "text/plain" }, body: received.outcome };
  };
}

async function receiveAll(
  request: ReceiverRequest,
  correlationId: string,
  leftMs: () => number,
  log: Log,
  options: ReceiverOptions,
): Promise<Received> {
  const received = await receive(request, options.credentials);
  if (received.outcome !== "received") return received;
  const { destination, malformed } = received;
  const [events, stale] = pickEvents(received, log, options);
  if (malformed.length > 0) {
    log("error", "malformed events are not handled", { events: malformed.length, reason: malformed[0] });
  }
  try {
    const messages = events.map((event) => ({ destination, event, correlationId }));
    if (messages.length > 0) await options.queue.send(messages, { timeoutMs: leftMs() });
    return { outcome: "received", events: events.length, stale };
  } catch (error) {
    if (error instanceof EventTooLarge) return { outcome: "too large" };
    if (error instanceof QueueUnavailable) return { outcome: "queue unavailable", reason: error.message };
    throw error;
  }
}

/** @returns the events to queue, and how many were left out for their age. */
function pickEvents(
  { destination, events }: Callback,
  log: Log,
  { botUserId = destination, now = Date.now }: ReceiverOptions,
): [webhook.Event[], stale: number | undefined] {
  if (destination !== botUserId) {
    log("error", "events of another bot are not handled", { destination: hashId(destination), events: events.length });
    return [[], undefined];
  }
  const fresh = events.filter(({ timestamp }) => now() - timestamp <= oldestEventMs);
  return [fresh, events.length - fresh.length || undefined];
}
