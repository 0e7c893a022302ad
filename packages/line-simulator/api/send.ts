import type { messagingApi } from "@line/bot-sdk";
import { addMessage } from "../chat-log.ts";
import { LineError } from "../errors.ts";
import { nextMessageId, randomToken } from "../ids.ts";
import type { Call, Handler } from "./call.ts";
import { countSent, countUnits, takeQuota } from "../quota.ts";
import { findReach } from "./recipients.ts";
import { once } from "./retry-key.ts";

/** Messages that can be quoted: the answer has their quote token. */
const quotable: ReadonlySet<string> = new Set(["text", "textV2", "sticker", "image", "video", "template", "flex"]);

const replyMessage: Handler<messagingApi.ReplyMessageRequest> = (call) => {
  const { world, channel, body } = call;
  if (call.headers.has("x-line-retry-key")) {
    throw new LineError(400, "The retry key is not supported for this API");
  }
  const reply = world.memory.replyTokens.get(body.replyToken);
  if (reply === undefined || reply.channelId !== channel.id || world.clock.now() > reply.usableUntilMs) {
    throw new LineError(400, "Invalid reply token");
  }
  world.memory.replyTokens.delete(body.replyToken);
  countSent(world, channel, "reply", 1);
  return { sentMessages: deliver(call, reply.chatId, body.messages) };
};

const pushMessage: Handler<messagingApi.PushMessageRequest> = (call) =>
  once(call, () => {
    const { world, channel, body } = call;
    const { chatId, recipients } = findReach(call, body.to);
    takeQuota(world, channel, recipients);
    countSent(world, channel, "push", recipients);
    countUnits(world, channel, body.customAggregationUnits);
    return { sentMessages: recipients === 0 ? pretend(call, body.messages) : deliver(call, chatId, body.messages) };
  });

/** Puts the messages into the chat and tells their ids. */
export function deliver(
  { world, channel }: Pick<Call, "world" | "channel">,
  chatId: string,
  messages: messagingApi.Message[],
): messagingApi.SentMessage[] {
  return messages.map((content) => {
    const id = nextMessageId(world.state);
    const quoteToken = quotable.has(content.type) ? randomToken(48) : undefined;
    addMessage(world, { id, channelId: channel.id, chatId, content, ...(quoteToken !== undefined && { quoteToken }) });
    return { id, ...(quoteToken !== undefined && { quoteToken }) };
  });
}

/** What LINE answers for someone who will not see it: as if it had been sent. */
const pretend = ({ world }: Call, messages: messagingApi.Message[]): messagingApi.SentMessage[] =>
  messages.map(({ type }) => ({
    id: nextMessageId(world.state),
    ...(quotable.has(type) && { quoteToken: randomToken(48) }),
  }));

export const sendHandlers = { replyMessage, pushMessage };
