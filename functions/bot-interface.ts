import type { messagingApi, webhook } from "@line/bot-sdk";
import type { Language } from "./worker/language.ts";
import type { LineClient } from "./worker/line-client.ts";
import type { Log } from "./shared/log.ts";

/**
 * What every handler is given.
 * @public for helpers of a bot's own.
 */
export interface Context<Event> {
  /** The event as LINE sent it. */
  event: Event;
  /** The profile of the user whose event it is; undefined when LINE does not give it, as for one who is no friend. */
  profile: () => Promise<messagingApi.UserProfileResponse | undefined>;
  /** The language of that profile, else English. */
  language: () => Promise<Language>;
  /**
   * Sends one to five messages to the event's chat, which counts against the month's free messages. An event that is
   * handled again after a failure sends them once all the same: LINE knows each push by its place among the event's.
   */
  push: Answer;
  /**
   * All of LINE's Messaging API, with a token that is taken care of. What `pushMessage`, `multicast`, `narrowcast` and
   * `broadcast` send is sent once within a day, however often the event is handled: they carry retry keys of the event's.
   */
  line: LineClient;
  /** Aborted when the time for the event is over, some 8 seconds. A `fetch` is aborted without being given it. */
  signal: AbortSignal;
  /** Writes a line of JSON to the function's log. Keep what users write, and who they are, out of it. */
  log: Log;
}

/** What handlers are given of events that LINE takes a reply to. */
export interface ReplyContext<Event> extends Context<Event> {
  /**
   * Whether LINE may still take a reply: false from a minute after its request on, and after a reply. Ask before an
   * answer that costs time, if only `reply` would send it.
   */
  canReply: () => boolean;
  /**
   * Answers the event, once, with one to five messages; a string is a text message, cut at LINE's limit. Free of
   * charge, unlike a push. Tried again when LINE fails, which cannot answer twice. LINE takes it within a minute: later it
   * is not sent, the log says so, and the handler goes on.
   * @throws when LINE refuses it for good: the event is done with then, and not handled again.
   */
  reply: Answer;
  /** Replies, or pushes where the reply token is used up or has expired: for an answer that must not be missed. */
  replyOrPush: Answer;
}

/**
 * Resolves when LINE has taken the messages, now or when the event was handled before.
 * @throws when LINE fails for longer than the event has time: it is handled again a little later.
 */
type Answer = (...messages: [Reply, ...Reply[]]) => Promise<void>;

/** A text, or any message that LINE knows. */
export type Reply = string | messagingApi.Message;

type Handler<Event> = (
  context: "replyToken" extends keyof Event ? ReplyContext<Event> : Context<Event>,
) => Promise<void> | void;

type EventOf<Type> = Extract<webhook.Event, { type: Type }>;
type MessageOf<Type> = webhook.MessageEvent & { message: Extract<webhook.MessageContent, { type: Type }> };

type MessageHandlers = { [Type in webhook.MessageContent["type"]]?: Handler<MessageOf<Type>> };
type EventHandlers = { [Type in Exclude<webhook.Event["type"], "message">]?: Handler<EventOf<Type>> };

/** A bot is what it does with each type of event. What it has no handler for is left alone. */
export interface Bot extends EventHandlers {
  /** Whether a user in a one-on-one chat sees that an answer is coming when it takes a second. Usually so. */
  loadingIndicator?: boolean;
  /** Handlers by type of message. */
  message?: MessageHandlers;
  /**
   * Events and messages without a handler of their own, those that LINE has yet to invent among them. A reply fails
   * where the event came without a reply token.
   */
  otherwise?: (context: ReplyContext<webhook.EventBase>) => Promise<void> | void;
}

/** Types a bot's handlers. */
export function defineBot(bot: Bot): Bot {
  return bot;
}
