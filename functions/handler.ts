import type { APIGatewayProxyStructuredResultV2, Context as LambdaContext } from "aws-lambda";
import type { webhook } from "@line/bot-sdk";
import { createAccessTokens } from "./access-tokens.ts";
import type { Bot } from "./bot-interface.ts";
import { toConversation } from "./conversation.ts";
import type { CredentialsCache } from "./credentials-cache.ts";
import { withDeadline } from "./deadline.ts";
import { createLineClient } from "./line-client.ts";
import { createLog, describeError, hashId, toLabel, type Log, type Print } from "./log.ts";
import { receive, type Received, type WebhookRequest } from "./receive.ts";
import { work } from "./work.ts";

/** What API Gateway sends, of which a direct call may leave out all but the signed body. */
export type HandlerEvent = WebhookRequest & { requestContext?: { requestId?: string } };
type HandlerContext = Partial<Pick<LambdaContext, "awsRequestId">>;
export type Handler = (request: HandlerEvent, context?: HandlerContext) => Promise<APIGatewayProxyStructuredResultV2>;

export interface HandlerOptions {
  bot: Bot;
  credentials: CredentialsCache;
  apiUrl: URL;
  /** The bot whose events these are. Those of another are not handled. */
  botUserId?: string | undefined;
  /** For all of a request's events, from its arrival; LINE waits for 2 seconds. */
  timeoutMs?: number;
  print?: Print | undefined;
}

/** 5xx is said only where LINE should send the request again. */
const statuses: Readonly<Record<Received["outcome"], number>> = {
  received: 200,
  malformed: 400,
  "not authentic": 401,
  "too large": 413,
  "credentials unavailable": 503,
};

/** Receives a webhook request and does its work before it answers: Lambda freezes what is left afterwards. */
export function createHandler(options: HandlerOptions): Handler {
  const { bot, credentials, apiUrl, botUserId, timeoutMs = 1700, print } = options;
  const line = createLineClient(createAccessTokens(credentials, { apiUrl }), apiUrl);

  return async (request, context) => {
    const startedAtMs = performance.now();
    const elapsedMs = () => Math.round(performance.now() - startedAtMs);
    const log = createLog(request.requestContext?.requestId ?? context?.awsRequestId ?? "none", print);
    const received = await receive(request, credentials);
    const status = statuses[received.outcome];
    if (received.outcome === "received") {
      const { destination, events } = received;
      if (botUserId === undefined || destination === botUserId) {
        await workAll(events, { timeoutMs: timeoutMs - elapsedMs(), log, bot, line });
      } else {
        log("error", "events of another bot are not handled", { destination: hashId(destination) });
      }
    }
    log(status < 500 ? "info" : "error", "webhook", { status, ...describe(received), durationMs: elapsedMs() });
    return { statusCode: status, headers: { "content-type": "text/plain" }, body: received.outcome };
  };
}

function describe(received: Received) {
  const { outcome } = received;
  if (outcome === "received") return { outcome, events: received.events.length };
  if (outcome === "malformed") return { outcome, reason: received.reason };
  if (outcome === "credentials unavailable") return { outcome, reason: received.cause.message };
  return { outcome };
}

interface WorkAllOptions {
  timeoutMs: number;
  log: Log;
  bot: Bot;
  line: ReturnType<typeof createLineClient>;
}

/** Each conversation in order, all conversations side by side. One event's failure is no other's. */
async function workAll(events: webhook.Event[], options: WorkAllOptions): Promise<void> {
  const endsAtMs = performance.now() + options.timeoutMs;
  const workInOrder = async (conversation: webhook.Event[]) => {
    for (const event of conversation) await workOne(event, { ...options, timeoutMs: endsAtMs - performance.now() });
  };
  await Promise.all([...Map.groupBy(events, toConversation).values()].map(workInOrder));
}

async function workOne(event: webhook.Event, { timeoutMs, log, bot, line }: WorkAllOptions): Promise<void> {
  const fields = {
    type: toLabel(event.type),
    event: hashId(event.webhookEventId),
    conversation: hashId(toConversation(event)),
  };
  try {
    const outcome = await withDeadline(timeoutMs, (signal) => work(event, { bot, line, log, signal }));
    log("info", "event", { ...fields, outcome });
  } catch (error) {
    log("error", "event", { ...fields, outcome: "failed", ...describeError(error) });
  }
}
