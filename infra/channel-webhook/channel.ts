import * as v from "valibot";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import { printable } from "@pulumi-line-bot/kit/printable";
import { type Patience, persist } from "./patience.ts";

/**
 * The calls of LINE's API that set a channel's webhook. The official client has them too, but no time limit, and a
 * call whose outcome is not known has to end here in a way that can be told from a refusal.
 * @see https://developers.line.biz/en/reference/messaging-api/#webhook-settings
 */
export interface Channel {
  getBot(): Promise<Bot>;
  /** `undefined` if none was ever set. */
  getWebhook(): Promise<Webhook | undefined>;
  /** One attempt: who does not know whether it took effect has to look before the next. */
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
  /** 0 when no response came. */
  statusCode: number;
  reason: string;
  detail: string;
}

/** LINE answered, with an error. */
export class LineRefused extends Error {
  override readonly name = "LineRefused";
  readonly status: number;
  constructor(call: string, status: number, message: string) {
    super(`LINE answered ${call} with ${status}: ${message}.`);
    this.status = status;
  }
  /** Nothing was done, and trying again is of no use. */
  get isFinal(): boolean {
    return this.status < 500 && this.status !== 429;
  }
}

/** No answer that can be understood: whether the call took effect is not known. */
class LineUnreachable extends Error {
  override readonly name = "LineUnreachable";
}

/** What others have written, which may come to a terminal. */
const shown = v.pipe(v.string(), v.transform(printable));
const bot = v.object({ userId: v.string(), basicId: v.string(), displayName: shown });
const webhook = v.object({ endpoint: v.string(), active: v.boolean() });
/** `success` is not among the properties that LINE promises. */
const testResult = v.pipe(
  v.object({ success: v.optional(v.boolean()), statusCode: v.number(), reason: shown, detail: shown }),
  v.transform((result) => ({ ...result, success: result.success ?? result.reason === "OK" })),
);
const errorBody = v.object({ message: shown });

export interface ChannelOptions {
  apiUrl: URL;
  accessToken: string;
  patience: Patience;
  /** How long one call may take. Default: 15 seconds; LINE's test alone waits two for the endpoint. */
  timeoutMs?: number | undefined;
  /** Default: the platform's. */
  fetch?: typeof globalThis.fetch | undefined;
}

export function openChannel(options: ChannelOptions): Channel {
  const { patience } = options;
  const send = createSend(options);
  const sendUntilAnswered = (...call: Parameters<typeof send>) =>
    persist(patience.begin(), () => send(...call), isPassing);
  return {
    getBot: async () => v.parse(bot, await sendUntilAnswered("GET", "info")),
    async getWebhook() {
      try {
        return v.parse(webhook, await sendUntilAnswered("GET", "channel/webhook/endpoint"));
      } catch (error) {
        if (error instanceof LineRefused && error.status === 404) return undefined;
        throw error;
      }
    },
    setWebhook: async (endpoint) => void (await send("PUT", "channel/webhook/endpoint", { endpoint })),
    testWebhook: async (endpoint) =>
      v.parse(testResult, await sendUntilAnswered("POST", "channel/webhook/test", { endpoint })),
  };
}

/** Too many calls, a fault of LINE's, or no answer. */
export const isPassing = (error: unknown): boolean =>
  error instanceof LineUnreachable || (error instanceof LineRefused && !error.isFinal);

function createSend({ apiUrl, accessToken, timeoutMs = 15_000, fetch = globalThis.fetch }: ChannelOptions) {
  return async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const call = `${method} /v2/bot/${path}`;
    const { status, text } = await request(call, async () => {
      const response = await fetch(new URL(`/v2/bot/${path}`, apiUrl), {
        method,
        headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: response.status, text: await response.text() };
    });
    const json = tryParseJson(text);
    if (status === 200 && json !== undefined) return json;
    if (status === 200) throw new LineUnreachable(`LINE's answer to ${call} is not JSON.`);
    throw new LineRefused(call, status, messageIn(json));
  };
}

async function request<T>(call: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    // fetch itself says no more than "fetch failed".
    const reason = messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
    throw new LineUnreachable(`LINE did not answer ${call}: ${reason}.`, { cause: error });
  }
}

function messageIn(json: unknown): string {
  const parsed = v.safeParse(errorBody, json);
  return parsed.success ? parsed.output.message.replace(/\.$/, "") : "no message of LINE's";
}
