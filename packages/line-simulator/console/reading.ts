import * as v from "valibot";
import { toUserId } from "../ids.ts";
import type { Channel, ChatMessage } from "../state.ts";
import { findQuota } from "../quota.ts";
import { isFriend, type World } from "../world.ts";
import { action } from "./action.ts";
import { toFriendUrl } from "./friend-link.ts";

/** Everything the page shows, without secrets and tokens. */
export const overview = action(v.optional(v.object({})), (world) => ({
  providers: world.state.providers,
  channels: world.state.channels.map((channel) => toChannelView(world, channel)),
  behaviour: world.behaviour,
  faults: world.faults.list(),
}));

function toChannelView(world: World, channel: Channel) {
  const { id, kind, name, providerId, bot, webhook, settings } = channel;
  return {
    id,
    kind,
    name,
    providerId,
    bot,
    friendUrl: toFriendUrl(channel),
    webhook: { ...webhook, errors: webhook.errors.length },
    settings,
    quota: findQuota(world, channel),
    people: world.state.people.map((person) => ({
      ...person,
      userId: toUserId(person, providerId),
      isFriend: isFriend(channel, person),
      isBlocked: channel.friends[person.id]?.blocked ?? false,
    })),
    groups: world.state.groups.map((group) => ({
      ...group,
      hasBot: group.channelId === id,
      userIds: group.members.map((member) => toUserId({ id: member }, providerId)),
    })),
  };
}

/** A chat as its people see it: what was said to someone who blocked the bot never arrived. */
export const messages = action(
  v.object({ channelId: v.string(), chatId: v.string(), after: v.optional(v.number(), 0) }),
  (world, { channelId, chatId, after }): ChatMessage[] =>
    world.state.messages.filter(
      (message) => message.channelId === channelId && message.chatId === chatId && message.seq > after,
    ),
);

export interface NextMessage {
  channelId: string;
  /** The person's userId, or a groupId or roomId. */
  userId: string;
}

/**
 * The bot's first message in the chat after `after`, which is the `seq` of something that happened; without it, the
 * first from now on.
 * @throws what aborted the signal.
 */
export function nextMessage(
  world: World,
  { channelId, userId }: NextMessage,
  after: number = world.state.serial,
  signal?: AbortSignal,
): Promise<ChatMessage> {
  const fits = (message: ChatMessage) =>
    message.channelId === channelId &&
    message.chatId === userId &&
    message.personId === undefined &&
    message.by === undefined &&
    message.seq > after;
  const said = world.state.messages.find(fits);
  if (said !== undefined) return Promise.resolve({ ...said });
  return new Promise((resolve, reject) => {
    const abort = () => {
      unsubscribe();
      reject(signal?.reason as Error);
    };
    const unsubscribe = world.traces.subscribe((trace) => {
      if (trace.kind !== "message" || trace.change !== "new" || !fits(trace.message)) return;
      unsubscribe();
      signal?.removeEventListener("abort", abort);
      resolve(trace.message);
    });
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
