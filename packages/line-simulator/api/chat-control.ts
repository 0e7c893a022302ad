import type { messagingApi } from "@line/bot-sdk";
import { touchMessage } from "../chat-log.ts";
import { LineError, notFound } from "../errors.ts";
import { isUserId, randomToken } from "../ids.ts";
import { isFriend, tryFindPerson, type World } from "../world.ts";
import type { ChatMessage } from "../state.ts";
import type { Handler } from "./call.ts";

const defaultSeconds = 20;

/** Accepted for strangers and blockers too, and then shown to nobody. */
const showLoadingAnimation: Handler<messagingApi.ShowLoadingAnimationRequest> = ({ world, channel, body }) => {
  const { chatId, loadingSeconds: seconds = defaultSeconds } = body;
  const person = tryFindPerson(world, channel, chatId);
  if (person !== undefined && isFriend(channel, person)) {
    world.traces.add({ kind: "loading", channelId: channel.id, chatId, seconds });
  }
};

const markMessagesAsReadByToken: Handler<messagingApi.MarkMessagesAsReadByTokenRequest> = (call) => {
  const { world, channel, body } = call;
  const marked = world.state.messages.find(
    (message) => message.channelId === channel.id && message.markAsReadToken === body.markAsReadToken,
  );
  if (marked === undefined) {
    throw new LineError(400, "Invalid markAsReadToken. Tokens must be used by the bot that received them via Webhook.");
  }
  markAsRead(world, ({ channelId, chatId, seq }) => {
    return channelId === channel.id && chatId === marked.chatId && seq <= marked.seq;
  });
};

const markMessagesAsRead: Handler<messagingApi.MarkMessagesAsReadRequest> = ({ world, channel, body }) => {
  markAsRead(world, ({ channelId, chatId }) => channelId === channel.id && chatId === body.chat.userId);
};

/** Reading a message reads all that came before it; the bot's own need no reading. */
function markAsRead(world: World, isMeant: (message: ChatMessage) => boolean): void {
  const unread = world.state.messages.filter(
    (message) => message.personId !== undefined && message.readAtMs === undefined && isMeant(message),
  );
  for (const message of unread) {
    message.readAtMs = world.clock.now();
    touchMessage(world, message, "read");
  }
}

const linkTokenMs = 10 * 60_000;

const issueLinkToken: Handler = ({ world, channel, params }): messagingApi.IssueLinkTokenResponse => {
  const { userId = "" } = params;
  if (!isUserId(userId)) throw new LineError(400, "The value for the 'userId' parameter is invalid");
  const person = tryFindPerson(world, channel, userId);
  if (person === undefined) throw notFound();
  const linkToken = randomToken(24);
  const expiresAtMs = world.clock.now() + linkTokenMs;
  world.memory.linkTokens.set(linkToken, { channelId: channel.id, personId: person.id, expiresAtMs });
  return { linkToken };
};

export const chatControlHandlers = {
  showLoadingAnimation,
  markMessagesAsReadByToken,
  markMessagesAsRead,
  issueLinkToken,
};
