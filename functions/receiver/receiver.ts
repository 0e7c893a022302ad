import type { APIGatewayProxyStructuredResultV2, Context as LambdaContext } from "aws-lambda";
import type { webhook } from "@line/bot-sdk";
import type { Callback } from "./callback.ts";
import type { CredentialsCache } from "../shared/credentials-cache.ts";
import { EventTooLarge, QueueUnavailable, type EventQueue } from "./event-queue.ts";
import { createLog, hashId, type Fields, type Log, type Print } from "../shared/log.ts";
import { receiverLines, webhookLine, webhookOutcomes } from "@pulumi-line-bot/kit/outcomes";
import { receive, type WebhookRequest } from "./receive.ts";

/** What API Gateway sends, of which a direct call may leave out all but the signed body. */
export type ReceiverRequest = WebhookRequest & { requestContext?: { requestId?: string; timeEpoch?: number } };
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

type Received = { outcome: keyof typeof webhookOutcomes } & Fields;

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
    const { status, level } = webhookOutcomes[received.outcome];
    log(level, webhookLine, { status, ...received, durationMs: elapsedMs() });
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
  const events = pickEvents(received, log, options);
  if (malformed.length > 0) {
    tell(log, "malformed events are not handled", { events: malformed.length, reason: malformed[0] });
  }
  try {
    const receivedAtMs = request.requestContext?.timeEpoch ?? Date.now();
    const messages = events.map((event) => ({ destination, event, correlationId, receivedAtMs }));
    if (messages.length > 0) {
      const { overtaken } = await options.queue.send(messages, { timeoutMs: leftMs() });
      if (overtaken > 0) tell(log, "events have overtaken another of their chat", { events: overtaken });
    }
    return { outcome: "received", events: events.length };
  } catch (error) {
    if (error instanceof EventTooLarge) return { outcome: "too large" };
    if (error instanceof QueueUnavailable) return { outcome: "queue unavailable", reason: error.message };
    throw error;
  }
}

/** @returns the events to queue. */
function pickEvents(
  { destination, events }: Callback,
  log: Log,
  { botUserId = destination, now = Date.now }: ReceiverOptions,
): webhook.Event[] {
  if (destination !== botUserId) {
    tell(log, "events of another bot are not handled", { destination: hashId(destination), events: events.length });
    return [];
  }
  const fresh = events.filter(({ timestamp }) => now() - timestamp <= oldestEventMs);
  const stale = events.length - fresh.length;
  if (stale > 0) tell(log, "events that are too old are not handled", { events: stale });
  return fresh;
}

function tell(log: Log, line: keyof typeof receiverLines, fields: Fields): void {
  log(receiverLines[line].level, line, fields);
}
