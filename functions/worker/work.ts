import type { webhook } from "@line/bot-sdk";
import type { AnswersOptions } from "./answers.ts";
import type { Bot } from "../bot-interface.ts";
import { createContext } from "./context.ts";
import { startLoadingIndicator } from "./loading-indicator.ts";
import type { LineClient } from "./line-client.ts";
import { createPendingAnswers, type PendingAnswers } from "./pending-answers.ts";

/** A handler, seen from where the type of its event no longer matters. */
export type AnyHandler = NonNullable<Bot["otherwise"]>;

export interface WorkOptions extends AnswersOptions {
  /** Undefined for a bot that wants no loading indicator. */
  loadingAfterMs: number | undefined;
}

/**
 * Gives one event to its handler, and returns when all that the handler began to send is sent.
 * @throws whatever the handler throws.
 */
export async function work(event: webhook.Event, handler: AnyHandler, options: WorkOptions): Promise<void> {
  const { line, log, signal, loadingAfterMs } = options;
  const context = createContext(event, options);
  const stopLoading =
    loadingAfterMs === undefined
      ? () => Promise.resolve()
      : startLoadingIndicator(event, { line, log, signal, afterMs: loadingAfterMs });
  const pending = createPendingAnswers();
  const { reply, replyOrPush, push } = context;
  const answer = (send: typeof reply) =>
    pending.watch(async (...messages: Parameters<typeof reply>) => {
      await stopLoading();
      await send(...messages);
    });
  try {
    await handler({
      ...context,
      line: watchCalls(context.line, pending),
      reply: answer(reply),
      replyOrPush: answer(replyOrPush),
      push: answer(push),
    });
    await pending.settled();
  } finally {
    await stopLoading();
  }
}

function watchCalls(line: LineClient, pending: PendingAnswers): LineClient {
  return new Proxy(line, {
    get(client, name) {
      const member: unknown = Reflect.get(client, name);
      return typeof member === "function" && name !== "constructor"
        ? pending.watch(member as (...args: unknown[]) => Promise<unknown>)
        : member;
    },
  });
}

/** The bot's handler for an event; undefined when it leaves such events alone. */
export function tryFindHandler(bot: Bot, event: webhook.Event): AnyHandler | undefined {
  if (event.type !== "message") return tryFindOwn(bot, event.type) ?? bot.otherwise;
  // What belongs to one type of event is not checked yet.
  const message = event.message as webhook.MessageContent | null | undefined;
  return tryFindOwn(bot.message ?? {}, message?.type) ?? bot.otherwise;
}

/** The type comes from outside, and may be called `toString`, or like one of the bot's options. */
function tryFindOwn(handlers: object, type: unknown): AnyHandler | undefined {
  if (typeof type !== "string" || !Object.hasOwn(handlers, type)) return undefined;
  const handler = (handlers as Readonly<Record<string, unknown>>)[type];
  return typeof handler === "function" ? (handler as AnyHandler) : undefined;
}
