import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";

/**
 * The calls of LINE's API that set a channel's webhook. The official client has them too, but no time limit, and a
 * call whose outcome is not known has to end here in a way that can be told from a refusal.
 * @see https://developers.line.biz/en/reference/messaging-api/#webhook-settings
 */
export interface Channel {
  getBot(): Promise<Bot>;
  /** Undefined: none was ever set. */
  getWebhook(): Promise<Webhook | undefined>;
  /** The first that fits, or the last that was seen within the budget. */
  awaitWebhook(fits: (webhook: Webhook | undefined) => boolean): Promise<Webhook | undefined>;
  setWebhook(endpoint: string): Promise<void>;
  /** Lets LINE send a signed, empty webhook to this URL, whether or not it is the channel's. 60 calls an hour. */
  testWebhook(endpoint: string): Promise<TestResult>;
}

export interface Bot {
  userId: string;
  basicId: string;
  displayName: string;
}
export interface Webhook {
  endpoint: string;
  /** "Use webhook" in the console; no API switches it. */
  active: boolean;
}
export interface TestResult {
  success: boolean;
  statusCode: number;
  reason: string;
  detail: string;
}

/** LINE answered, with an error. */
export class LineRefused extends Error {
  override readonly name = "LineRefused";
  readonly status: number;
  constructor(call: string, status: number, message: string) {
    super(`LINE answered ${call} with ${status}: ${message}`);
    this.status = status;
  }
}

/** No answer: whether the call took effect is not known. */
export class LineUnreachable extends Error {
  override readonly name = "LineUnreachable";
}

const bot = v.object({ userId: v.string(), basicId: v.string(), displayName: v.string() });
const webhook = v.object({ endpoint: v.string(), active: v.boolean() });
/** `success` is not among the properties that LINE promises. */
const testResult = v.pipe(
  v.object({ success: v.optional(v.boolean()), statusCode: v.number(), reason: v.string(), detail: v.string() }),
  v.transform((result) => ({ ...result, success: result.success ?? result.reason === "OK" })),
);
const errorBody = v.object({ message: v.string() });

export interface ChannelOptions {
  apiUrl: URL;
  accessToken: string;
  /** How long one call may take. Default: 15 seconds; LINE's test alone waits two for the endpoint. */
  timeoutMs?: number;
  /** How long the attempts of one call may wait for another together. Default: 60 seconds. */
  budgetMs?: number;
  /** Told before each wait. */
  onRetry?: (what: string) => void;
  /** Default: the clock's time. */
  wait?: (milliseconds: number) => Promise<unknown>;
}

export function openChannel(options: ChannelOptions): Channel {
  const call = createCall(options);
  const { wait = sleep, budgetMs = defaultBudgetMs, onRetry = () => {} } = options;
  const getWebhook = async () => {
    const answer = await call("GET", "channel/webhook/endpoint", { absent: 404 });
    return answer === undefined ? undefined : v.parse(webhook, answer);
  };
  return {
    getBot: async () => v.parse(bot, await call("GET", "info")),
    getWebhook,
    awaitWebhook: async (fits) => {
      for (const pauseMs of createPauses(budgetMs)) {
        const now = await getWebhook();
        if (fits(now)) return now;
        onRetry(`LINE still reports ${now?.endpoint ?? "no webhook"}; looking again`);
        await wait(pauseMs);
      }
      return getWebhook();
    },
    // A host name that was made a moment ago may be refused with 400 until LINE can resolve it.
    setWebhook: async (endpoint) => {
      await call("PUT", "channel/webhook/endpoint", { body: { endpoint }, transient: [400] });
    },
    testWebhook: async (endpoint) =>
      v.parse(testResult, await call("POST", "channel/webhook/test", { body: { endpoint }, transient: [400] })),
  };
}

interface CallOptions {
  body?: unknown;
  /** The status that says that there is nothing. */
  absent?: number;
  /** Statuses below 500 that may pass. */
  transient?: number[];
}

const defaultBudgetMs = 60_000;

/** Pauses that double and differ from each other's, as long as they fit into the budget together. */
function* createPauses(budgetMs: number): Generator<number> {
  for (let longestMs = 1000, waitedMs = 0; ; longestMs = Math.min(longestMs * 2, 16_000)) {
    const pauseMs = longestMs * (0.5 + Math.random() / 2);
    waitedMs += pauseMs;
    if (waitedMs > budgetMs) return;
    yield pauseMs;
  }
}

function createCall({
  apiUrl,
  accessToken,
  timeoutMs = 15_000,
  budgetMs = defaultBudgetMs,
  onRetry = () => {},
  wait = sleep,
}: ChannelOptions) {
  const send = async (method: string, path: string, { body, absent }: CallOptions): Promise<unknown> => {
    const name = `${method} ${path}`;
    const { status, text } = await request(new URL(`/v2/bot/${path}`, apiUrl), method, body);
    if (status === 200) return JSON.parse(text);
    if (status === absent) return undefined;
    throw new LineRefused(name, status, messageOf(text));
  };
  const request = async (url: URL, method: string, body: unknown) => {
    try {
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new LineUnreachable(
        `LINE did not answer ${method} ${url.href} within ${timeoutMs / 1000} s: ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    }
  };
  return async (method: string, path: string, options: CallOptions = {}): Promise<unknown> => {
    for (const pauseMs of createPauses(budgetMs)) {
      try {
        return await send(method, path, options);
      } catch (error) {
        if (!(error instanceof Error) || !mayPass(error, method, options)) throw error;
        onRetry(`${error.message}; trying again`);
        await wait(pauseMs);
      }
    }
    return send(method, path, options);
  };
}

/** A set that was not answered is not repeated blindly: its caller reads first. */
function mayPass(error: unknown, method: string, { transient = [] }: CallOptions): boolean {
  if (error instanceof LineUnreachable) return method !== "PUT";
  return (
    error instanceof LineRefused && (error.status >= 500 || error.status === 429 || transient.includes(error.status))
  );
}

function messageOf(text: string): string {
  try {
    return v.parse(errorBody, JSON.parse(text)).message;
  } catch {
    return "(no message of LINE's)";
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
