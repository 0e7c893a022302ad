import type { webhook } from "@line/bot-sdk";
import * as v from "valibot";
import { addMessage } from "../chat-log.ts";
import { nextMessageId, randomToken } from "../ids.ts";
import type { Channel, Group, Person } from "../state.ts";
import type { Chat } from "../webhook/events.ts";
import { refuse, tryFindGroup, type World } from "../world.ts";
import { action, channelId, findBotChannel, findPerson, userId } from "./action.ts";
import { directChat, emit, groupChat, type Emitted } from "../webhook/emit.ts";

/** Who writes, and where: to the bot alone, or in a group or room. */
export const writer = { channelId, userId, groupId: v.optional(v.string()) };

export interface Place {
  channel: Channel;
  person: Person;
  chat: Chat;
}

export function findPlace(
  world: World,
  input: { channelId: string; userId: string; groupId?: string | undefined },
): Place {
  const channel = findBotChannel(world, input.channelId);
  const person = findPerson(world, channel, input.userId);
  if (input.groupId === undefined) return { channel, person, chat: findDirectChat(channel, person) };
  return { channel, person, chat: groupChat(channel, findGroupOf(world, channel, person, input.groupId), person) };
}

function findDirectChat(channel: Channel, person: Person): Chat {
  if (channel.friends[person.id]?.blocked === true) {
    throw refuse(`${person.displayName} has blocked ${channel.bot.displayName}: follow it again first`);
  }
  return directChat(channel, person);
}

function findGroupOf(world: World, channel: Channel, person: Person, groupId: string): Group {
  const group = tryFindGroup(world, channel, groupId);
  if (group === undefined) throw refuse(`${channel.bot.displayName} is in no group ${JSON.stringify(groupId)}`, 404);
  if (!group.members.includes(person.id)) throw refuse(`${person.displayName} is not in the group ${group.name}`);
  return group;
}

/** A message's content before the platform gave it its tokens, and an id where it has none yet. */
type Draft = { type: webhook.MessageContent["type"]; id?: string } & Record<string, unknown>;

const quotable: ReadonlySet<string> = new Set(["text", "image", "video", "sticker"]);

/** Puts what the person sent into the chat and tells the bot. */
export async function write(
  world: World,
  { channel, person, chat }: Place,
  draft: Draft,
  readyAtMs?: number,
): Promise<Emitted> {
  const { id = nextMessageId(world.state) } = draft;
  const quoteToken = quotable.has(draft.type) ? { quoteToken: randomToken(48) } : {};
  const markAsReadToken = randomToken(48);
  const content = { ...draft, id, ...quoteToken, markAsReadToken } as webhook.MessageContent;
  const { chatId } = chat;
  const message = addMessage(world, {
    id,
    channelId: channel.id,
    chatId,
    personId: person.id,
    content,
    markAsReadToken,
    ...quoteToken,
    // Without people who answer by hand, everything counts as read at once.
    ...(!channel.settings.chat && { readAtMs: world.clock.now() }),
    ...(readyAtMs !== undefined && { readyAtMs }),
  });
  if (chat.source?.type === "user") noteWriting(world, channel, person);
  const emitted = await emit(world, chat, { type: "message", message: content }, message);
  if (draft.type === "text") autoReply(world, channel, chatId);
  return emitted;
}

function noteWriting({ clock }: World, channel: Channel, person: Person): void {
  const { friend = false, blocked = false } = channel.friends[person.id] ?? {};
  channel.friends[person.id] = { friend, blocked, wroteAtMs: clock.now() };
}

/** The console's own answer, which the webhook knows nothing of: the reason why a bot seems to answer twice. */
function autoReply(world: World, { id: channelOf, settings }: Channel, chatId: string): void {
  if (!settings.autoReply) return;
  const content = { type: "text" as const, text: settings.autoReplyText };
  addMessage(world, { id: nextMessageId(world.state), channelId: channelOf, chatId, content, by: "auto-reply" });
}

const mentionee = v.object({
  index: v.number(),
  length: v.number(),
  type: v.picklist(["user", "all"]),
  userId: v.optional(v.string()),
  isSelf: v.optional(v.boolean()),
});

const emoji = v.object({ index: v.number(), length: v.number(), productId: v.string(), emojiId: v.string() });

export const sendText = action(
  v.object({
    ...writer,
    text: v.pipe(v.string(), v.nonEmpty(), v.maxLength(10_000)),
    quotedMessageId: v.optional(v.string()),
    emojis: v.optional(v.array(emoji)),
    mentionees: v.optional(v.pipe(v.array(mentionee), v.maxLength(20))),
  }),
  (world, { text, quotedMessageId, emojis, mentionees, ...who }) =>
    write(world, findPlace(world, who), {
      type: "text",
      text,
      ...(emojis !== undefined && { emojis }),
      ...(mentionees !== undefined && { mention: { mentionees } }),
      ...(quotedMessageId !== undefined && { quotedMessageId }),
    }),
);

export const sendSticker = action(
  v.object({
    ...writer,
    packageId: v.string(),
    stickerId: v.string(),
    stickerResourceType: v.optional(v.string(), "STATIC"),
    keywords: v.optional(v.pipe(v.array(v.string()), v.maxLength(15))),
    text: v.optional(v.pipe(v.string(), v.maxLength(100))),
  }),
  (world, { channelId: toChannel, userId: from, groupId, keywords, text, ...sticker }) =>
    write(world, findPlace(world, { channelId: toChannel, userId: from, groupId }), {
      type: "sticker",
      ...sticker,
      ...(keywords !== undefined && { keywords }),
      ...(text !== undefined && { text }),
    }),
);

export const sendLocation = action(
  v.object({
    ...writer,
    latitude: v.number(),
    longitude: v.number(),
    title: v.optional(v.string()),
    address: v.optional(v.string()),
  }),
  (world, { channelId: toChannel, userId: from, groupId, latitude, longitude, title, address }) =>
    write(world, findPlace(world, { channelId: toChannel, userId: from, groupId }), {
      type: "location",
      latitude,
      longitude,
      ...(title !== undefined && { title }),
      ...(address !== undefined && { address }),
    }),
);
