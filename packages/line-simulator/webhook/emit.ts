import type { webhook } from "@line/bot-sdk";
import { isRoomId, toUserId } from "../ids.ts";
import type { Channel, ChatMessage, Group, Person } from "../state.ts";
import { toEvent, type Chat, type EventBody } from "./events.ts";
import type { Delivery } from "./post.ts";
import type { World } from "../world.ts";

/** What came of something that a person did. */
export interface Emitted {
  /** The state's serial right after: what `nextMessage` waits to come `after`. */
  seq: number;
  webhookEventId: string;
  message?: ChatMessage;
  /** The webhook's first attempt; absent when none was sent, because there is no URL or it is not in use. */
  delivery?: Delivery;
}

export const directChat = (channel: Channel, person: Person): Chat => {
  const userId = toUserId(person, channel.providerId);
  return { channel, chatId: userId, source: { type: "user", userId } };
};

/** Tells who did it only where LINE does, and only of people who agreed to that. */
export function groupChat(channel: Channel, group: Group, person?: Person): Chat {
  const who = person?.consent === true ? { userId: toUserId(person, channel.providerId) } : {};
  const source: webhook.Source = isRoomId(group.id)
    ? { type: "room", roomId: group.id, ...who }
    : { type: "group", groupId: group.id, ...who };
  return { channel, chatId: group.id, source };
}

/** Sends the event to the bot and says what came of it. */
export async function emit(world: World, chat: Chat, body: EventBody, message?: ChatMessage): Promise<Emitted> {
  const { serial: seq } = world.state;
  const event = toEvent(world, chat, body);
  const untold = tellOfJoining(world, chat);
  const delivery = await (untold === undefined
    ? world.webhooks.send(chat.channel, event)
    : untold.then(() => world.webhooks.send(chat.channel, event)));
  return {
    seq,
    webhookEventId: event.webhookEventId,
    ...(message !== undefined && { message }),
    ...(delivery !== undefined && { delivery }),
  };
}

/** A room's `join` comes with the first event after the bot was brought in. */
function tellOfJoining(world: World, { channel, chatId }: Chat): Promise<unknown> | undefined {
  const room = world.state.groups.find((group) => group.id === chatId && group.joinUntold === true);
  if (room === undefined) return undefined;
  delete room.joinUntold;
  world.changed();
  return world.webhooks.send(channel, toEvent(world, groupChat(channel, room), { type: "join" }));
}
