import type { webhook } from "@line/bot-sdk";
import type { Bot } from "./bot-interface.ts";
import { createContext } from "./context.ts";
import type { LineClient } from "./line-client.ts";
import type { Log } from "./log.ts";

/** `ignored`: the bot has no handler for it. `standby`: another channel has the chat, and this one has to be silent. */
export type Worked = "handled" | "ignored" | "standby";

/** A handler, seen from where the type of its event no longer matters. */
type AnyHandler = NonNullable<Bot["otherwise"]>;

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

function findHandler(bot: Bot, event: webhook.Event): AnyHandler | undefined {
  if (event.type !== "message") return tryFindOwn(bot, event.type) ?? bot.otherwise;
  // What belongs to one type of event is not checked yet.
  const message = event.message as webhook.MessageContent | null | undefined;
  return tryFindOwn(bot.message ?? {}, message?.type) ?? bot.otherwise;
}

/** The type comes from outside, and may be called `toString`. */
function tryFindOwn(handlers: object, type: unknown): AnyHandler | undefined {
  if (typeof type !== "string" || !Object.hasOwn(handlers, type)) return undefined;
  return (handlers as Readonly<Record<string, AnyHandler | undefined>>)[type];
}
