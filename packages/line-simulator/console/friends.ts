import * as v from "valibot";
import { addMessage } from "../chat-log.ts";
import { nextMessageId } from "../ids.ts";
import type { Channel } from "../state.ts";
import { refuse, type World } from "../world.ts";
import { action, channelId, findBotChannel, findPerson, userId } from "./action.ts";
import { directChat, emit } from "../webhook/emit.ts";

const pair = v.object({ channelId, userId });

/** Adds the bot as a friend, or unblocks it. */
export const follow = action(pair, async (world, input) => {
  const channel = findBotChannel(world, input.channelId);
  const person = findPerson(world, channel, input.userId);
  const { blocked: isUnblocked = false, ...former } = channel.friends[person.id] ?? {};
  channel.friends[person.id] = { ...former, friend: true, blocked: false };
  world.changed();
  const chat = directChat(channel, person);
  const emitted = await emit(world, chat, { type: "follow", follow: { isUnblocked } });
  greet(world, channel, chat.chatId);
  return emitted;
});

/** Blocks the bot: it gets an `unfollow` event and reaches the person no more. */
export const block = action(pair, (world, input) => {
  const channel = findBotChannel(world, input.channelId);
  const person = findPerson(world, channel, input.userId);
  const friendship = channel.friends[person.id];
  if (friendship?.friend !== true) throw refuse(`${person.displayName} is no friend of ${channel.bot.displayName}`);
  friendship.blocked = true;
  world.changed();
  return emit(world, directChat(channel, person), { type: "unfollow" });
});

function greet(world: World, { id, settings }: Channel, chatId: string): void {
  if (!settings.greeting) return;
  const content = { type: "text" as const, text: settings.greetingText };
  addMessage(world, { id: nextMessageId(world.state), channelId: id, chatId, content, by: "greeting" });
}
