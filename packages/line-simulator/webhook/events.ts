import type { webhook } from "@line/bot-sdk";
import { ulid } from "ulid";
import { randomToken } from "../ids.ts";
import type { Channel } from "../state.ts";
import type { World } from "../world.ts";

/** In LINE's reference, and not in its OpenAPI description yet. */
interface MessageEditedEvent extends webhook.EventBase {
  type: "messageEdited";
  replyToken?: string;
  message: webhook.TextMessageContent;
}

export type LineEvent = webhook.Event | MessageEditedEvent;

/** Each kind of the union without what all events have in common. */
type BodyOf<Event> = Event extends LineEvent
  ? Omit<Event, Exclude<keyof webhook.EventBase, "type"> | "replyToken">
  : never;

/** The part of an event that its kind decides. */
export type EventBody = BodyOf<LineEvent>;

/** The kinds that can be replied to. @see https://developers.line.biz/en/docs/messaging-api/receiving-messages/ */
const repliable: ReadonlySet<string> = new Set([
  "message",
  "messageEdited",
  "follow",
  "join",
  "memberJoined",
  "postback",
  "videoPlayComplete",
  "beacon",
  "accountLink",
  "membership",
]);

export interface Chat {
  channel: Channel;
  /** Where a reply goes. */
  chatId: string;
  /** Absent where LINE tells none: a failed account link, a module's events. */
  source?: webhook.Source;
}

/** Wraps the body in what all events have in common, with a reply token where the kind has one. */
export function toEvent(world: World, { channel, chatId, source }: Chat, body: EventBody): LineEvent {
  const timestamp = world.clock.now();
  const isStandby = channel.settings.standby;
  const isLinkFailed = body.type === "accountLink" && "link" in body && isFailed(body.link);
  const hasReply = repliable.has(body.type) && !isStandby && !isLinkFailed;
  const event = {
    ...body,
    timestamp,
    ...(source !== undefined && { source }),
    ...(hasReply && { replyToken: createReplyToken(world, channel, chatId, timestamp) }),
    mode: isStandby ? "standby" : "active",
    webhookEventId: ulid(timestamp),
    deliveryContext: { isRedelivery: false },
  };
  return event as LineEvent;
}

const isFailed = (link: unknown): boolean => (link as webhook.LinkContent).result === "failed";

function createReplyToken(world: World, channel: Channel, chatId: string, eventAtMs: number): string {
  const replyToken = randomToken(16).replaceAll(/[-_]/g, "0");
  const usableUntilMs = eventAtMs + world.behaviour.replyTokenMs;
  world.memory.replyTokens.set(replyToken, { channelId: channel.id, chatId, eventAtMs, usableUntilMs });
  return replyToken;
}
