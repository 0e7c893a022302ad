import type { webhook } from "@line/bot-sdk";
import * as v from "valibot";
import { addMessage, touchMessage, tryFindMessage } from "../chat-log.ts";
import { nextMessageId, randomToken } from "../ids.ts";
import type { ChatMessage } from "../state.ts";
import { refuse, type World } from "../world.ts";
import { action } from "./action.ts";
import { emit } from "../webhook/emit.ts";
import { findPlace, writer } from "./writing.ts";

/** Taps a control with a postback action; `displayText` appears in the chat as the person's, and is no message event. */
export const postback = action(
  v.object({
    ...writer,
    data: v.pipe(v.string(), v.maxLength(300)),
    params: v.optional(v.record(v.string(), v.string())),
    displayText: v.optional(v.string()),
  }),
  (world, { data, params, displayText, ...who }) => {
    const { channel, person, chat } = findPlace(world, who);
    if (displayText !== undefined) {
      const content = { type: "text" as const, text: displayText };
      const id = nextMessageId(world.state);
      addMessage(world, { id, channelId: channel.id, chatId: chat.chatId, personId: person.id, content });
    }
    const told: webhook.PostbackContent = { data, ...(params !== undefined && { params }) };
    return emit(world, chat, { type: "postback", postback: told });
  },
);

/** A message of this person's own, in this chat. */
function findOwn(world: World, personId: string, channelId: string, chatId: string, messageId: string): ChatMessage {
  const message = tryFindMessage(world, channelId, messageId);
  if (message?.chatId !== chatId || message.personId !== personId || message.unsent === true) {
    throw refuse(`There is no message ${JSON.stringify(messageId)} of this person's in this chat`, 404);
  }
  return message;
}

/** Takes a message back: its content is gone, for the bot too. */
export const unsend = action(v.object({ ...writer, messageId: v.string() }), (world, { messageId, ...who }) => {
  const { channel, person, chat } = findPlace(world, who);
  const message = findOwn(world, person.id, channel.id, chat.chatId, messageId);
  message.unsent = true;
  message.content = { id: messageId, type: "text", text: "", quoteToken: "" };
  world.contents.delete(messageId);
  touchMessage(world, message, "unsent");
  return emit(world, chat, { type: "unsend", unsend: { messageId } }, message);
});

/** Rewords a text message, which LINE allows in groups only: the same message id, a new quote token. */
export const editText = action(
  v.object({ ...writer, messageId: v.string(), text: v.pipe(v.string(), v.nonEmpty()) }),
  (world, { messageId, text, ...who }) => {
    const { channel, person, chat } = findPlace(world, who);
    if (chat.source?.type !== "group") throw refuse("Messages can be edited in groups only");
    const message = findOwn(world, person.id, channel.id, chat.chatId, messageId);
    if (message.content.type !== "text") throw refuse("Only text messages can be edited");
    const quoteToken = randomToken(48);
    const content: webhook.TextMessageContent = { id: messageId, type: "text", text, quoteToken };
    Object.assign(message, { content, quoteToken, editedAtMs: world.clock.now() });
    touchMessage(world, message, "edited");
    return emit(world, chat, { type: "messageEdited", message: content }, message);
  },
);
