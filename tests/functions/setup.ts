import type { Bot } from "../../functions/bot-interface.ts";
import defaultBot from "../../functions/bot.ts";
import { createCredentialsCache, type CacheLimits } from "../../functions/credentials-cache.ts";
import { createHandler, type HandlerEvent } from "../../functions/handler.ts";
import { fetchCredentials } from "../../functions/secret-store.ts";
import { secretArn, startCloud, type Cloud } from "./cloud.ts";

export interface Options {
  bot?: Bot;
  botUserId?: string;
  timeoutMs?: number;
  limits?: CacheLimits;
  now?: () => number;
  /** Before the function starts, and so before it fetches its credentials. */
  prepare?: (cloud: Cloud) => void;
}

/** The function, all of it, with the services it calls on loopback. */
export async function startFunction({ bot = defaultBot, prepare, limits, now, ...rest }: Options = {}) {
  const cloud = await startCloud();
  prepare?.(cloud);
  const lines: string[] = [];
  const handler = createHandler({
    bot,
    credentials: createCredentialsCache(() => fetchCredentials(secretArn, cloud.env), {
      ...(limits && { limits }),
      ...(now && { now }),
    }),
    apiUrl: cloud.url,
    print: (line) => void lines.push(line),
    timeoutMs: 20_000, // More than LINE's 2 seconds: on a busy machine the tests are about other things.
    ...rest,
  });
  return {
    cloud,
    lines,
    /** Lines of the log as objects. */
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    send: (request: HandlerEvent) => handler(request),
    /** The status that a request is answered with. */
    status: async (request: HandlerEvent) => (await handler(request)).statusCode,
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}
