import type { webhook } from "@line/bot-sdk";
import type { Bot, Context } from "./bot-interface.ts";
import { createContext } from "./context.ts";
import type { LineClient } from "./line-client.ts";
import type { Log } from "./log.ts";

/** `ignored`: the bot has no handler for it. `standby`: another channel has the chat, and this one has to be silent. */
export type Worked = "handled" | "ignored" | "standby";

/** Handlers, seen from where their types no longer matter. */
type Handlers = Readonly<Record<string, unknown>>;

/**
 * Gives one event to the bot's handler for it.
 * @throws whatever the handler throws.
 */
export async function work(
  event: webhook.Event,
  { bot, line, log, signal }: { bot: Bot; line: LineClient; log: Log; signal: AbortSignal },
): Promise<Worked> {
  // https://developers.line.biz/en/reference/messaging-api/#common-properties
  if (event.mode === "standby") return "standby";
  const handler = findHandler(bot, event);
  if (handler === undefined) return "ignored";
  await handler(createContext(event, { line, log, signal }));
  return "handled";
}

function findHandler(bot: Bot, event: webhook.Event): ((context: Context) => unknown) | undefined {
  const handler =
    event.type === "message"
      ? own(bot.message, (event.message as { type?: unknown } | undefined)?.type)
      : own(bot, event.type);
  return isHandler(handler) ? handler : bot.otherwise;
}

/** The type comes from outside, and may be called `toString`. */
function own(handlers: object | undefined, type: unknown): unknown {
  if (handlers === undefined || typeof type !== "string" || !Object.hasOwn(handlers, type)) return undefined;
  return (handlers as Handlers)[type];
}

const isHandler = (value: unknown): value is (context: Context) => unknown => typeof value === "function";
