import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { sign } from "@pulumi-line-bot/kit/signature";

const botUserId = "U8e742f61d673b39c7fff3cecb7536ef0";
export const userId = "U0123456789abcdef0123456789abcdef";

/** One request that reached the loopback server. */
export interface Call {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
  /** The caller's, which tells connections apart. */
  port: number | undefined;
  /** When the connection was done with, by whichever side. */
  closed: Promise<void>;
}

export interface Answer {
  status?: number;
  body?: unknown;
  /** Waits for this before it answers. */
  after?: Promise<unknown>;
}

type Answers = (call: Call) => Answer | Promise<Answer> | undefined;

/** A message in the queue, as it was sent. */
export interface Queued {
  MessageBody: string;
  MessageGroupId: string;
  MessageDeduplicationId: string;
}

/** Secrets Manager, SQS and LINE on loopback: each test says what they answer, and reads what they were asked. */
export interface Cloud extends AsyncDisposable {
  url: URL;
  /** What Secrets Manager holds. */
  secret: Record<string, unknown> | string;
  /** Profiles by user id. */
  profiles: Map<string, Record<string, unknown>>;
  /** Answers given instead of the usual ones. */
  override: Answers;
  calls: Call[];
  /** Calls of LINE's API, by path. */
  callsTo(path: string): Call[];
  /** Calls of an AWS service's operation. */
  callsOf(operation: string): Call[];
  /** Where the table of events is, to which its calls are passed on. */
  tableUrl: URL | undefined;
  /** All that the queue has taken, in order, each only once. */
  queue: Queued[];
  /** Takes what a call of SendMessageBatch brings, all or some of it; the answer to that call. */
  take(call: Call, isTaken?: (message: Queued, index: number) => boolean): Answer;
  /** The texts that were sent as replies. */
  replies(): string[];
  env: Record<string, string>;
}

export const secretArn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:line-channel-AbCdEf";
export const channelSecret = "8c570fa6dd201bb328f1c1eac23a96d8";

export async function startCloud(): Promise<Cloud> {
  let issued = 0;
  const take: Cloud["take"] = ({ body }, isTaken = () => true) => {
    const { Entries } = JSON.parse(body) as SentBatch;
    const taken = Entries.filter(isTaken);
    for (const entry of taken) {
      const isKnown = cloud.queue.some((known) => known.MessageDeduplicationId === entry.MessageDeduplicationId);
      if (!isKnown) cloud.queue.push(entry);
    }
    const Failed = Entries.filter((entry) => !taken.includes(entry)).map(({ Id }) => ({
      Id,
      Code: "InternalError",
      SenderFault: false,
    }));
    return {
      body: { Successful: taken.map(({ Id }) => ({ Id, MessageId: Id })), ...(Failed.length > 0 && { Failed }) },
    };
  };
  const usual: Answers = (call) => {
    const { path } = call;
    if (operationOf(call) === "SendMessageBatch") return take(call);
    if (operationOf(call) === "ChangeMessageVisibilityBatch") return { body: { Successful: [], Failed: [] } };
    if (isForTable(call) && cloud.tableUrl !== undefined) return forward(call, cloud.tableUrl);
    if (operationOf(call) === "GetSecretValue") {
      const { secret } = cloud;
      return { body: { ARN: secretArn, SecretString: typeof secret === "string" ? secret : JSON.stringify(secret) } };
    }
    if (path === "/oauth2/v3/token") {
      issued += 1;
      return { body: { access_token: `token-${issued}`, expires_in: 900, token_type: "Bearer" } };
    }
    if (path === "/v2/bot/message/reply" || path === "/v2/bot/message/push") {
      return { body: { sentMessages: [{ id: "461230966842064897" }] } };
    }
    if (path === "/v2/bot/chat/loading/start") return { status: 202, body: {} };
    const profile = cloud.profiles.get(path.replace("/v2/bot/profile/", ""));
    return profile === undefined ? undefined : { body: profile };
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const call: Call = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
        port: request.socket.remotePort,
        closed: new Promise((resolve) => response.once("close", resolve)),
      };
      cloud.calls.push(call);
      void respond(response, cloud.override(call) ?? usual(call) ?? { status: 404, body: { message: "Not found" } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  const cloud: Cloud = {
    url,
    secret: { channelId: "1234567890", channelSecret },
    profiles: new Map(),
    override: () => undefined,
    calls: [],
    callsTo: (path) => cloud.calls.filter((call) => call.path === path),
    callsOf: (operation) => cloud.calls.filter((call) => operationOf(call) === operation),
    tableUrl: undefined,
    queue: [],
    take,
    replies: () =>
      cloud
        .callsTo("/v2/bot/message/reply")
        .flatMap(({ body }) => (JSON.parse(body) as { messages: { text: string }[] }).messages)
        .map(({ text }) => text),
    env: {
      AWS_REGION: "ap-northeast-1",
      AWS_LAMBDA_FUNCTION_NAME: "bot-worker-1a2b3c4",
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      AWS_SESSION_TOKEN: "session-token",
      AWS_ENDPOINT_URL: url.origin,
      CREDENTIALS_SECRET_ARN: secretArn,
      QUEUE_URL: `${url.origin}/123456789012/bot-events.fifo`,
      LINE_API_URL: url.origin,
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return cloud;
}

export type SentBatch = { Entries: (Queued & { Id: string })[] };

/** The operation, such as "GetSecretValue"; `undefined` for a call of LINE's API. */
export function operationOf({ headers }: Call): string | undefined {
  return String(headers["x-amz-target"] ?? "").split(".")[1];
}

async function respond(response: ServerResponse, answer: Answer | Promise<Answer>): Promise<void> {
  const { status = 200, body = {}, after } = await answer;
  await after;
  response
    .writeHead(status, { "content-type": "application/json" })
    .end(typeof body === "string" ? body : JSON.stringify(body));
}

const isForTable = ({ headers }: Call) => String(headers["x-amz-target"]).startsWith("DynamoDB");

async function forward({ headers, body }: Call, url: URL): Promise<Answer> {
  const names = ["x-amz-target", "content-type", "authorization", "x-amz-date"];
  const passed = Object.fromEntries(names.map((name) => [name, String(headers[name])]));
  const response = await fetch(url, { method: "POST", headers: passed, body });
  return { status: response.status, body: await response.text() };
}

let events = 0;
/** A ULID that no other event has. */
export const nextEventId = () => `01FZ74A0TDDPYRVK${String((events += 1)).padStart(10, "0")}`;

/** An event as LINE sends it, with what a test wants different. */
export function event(type: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type,
    mode: "active",
    timestamp: Date.now(),
    source: { type: "user", userId },
    webhookEventId: nextEventId(),
    deliveryContext: { isRedelivery: false },
    ...fields,
  };
}

export function textEvent(text: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return event("message", {
    replyToken: "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
    message: { type: "text", id: "444573844083572737", text, quoteToken: "q3Plxr4AgKd" },
    ...fields,
  });
}

export function callback(...events: unknown[]): string {
  return JSON.stringify({ destination: botUserId, events });
}

/** The body as the HTTP API passes it on (payload format 2.0), signed by LINE. */
export function signed(body: string | Uint8Array, secret = channelSecret) {
  const isBase64Encoded = typeof body !== "string";
  return {
    version: "2.0",
    routeKey: "POST /webhook",
    rawPath: "/webhook",
    rawQueryString: "",
    headers: { "content-type": "application/json; charset=utf-8", "x-line-signature": sign(body, secret) } as Record<
      string,
      string
    >,
    requestContext: { requestId: "JKJaXmPLvHcESHA=" },
    body: isBase64Encoded ? Buffer.from(body).toString("base64") : body,
    isBase64Encoded,
  };
}
