import * as v from "valibot";
import type { HTTPFetchError, messagingApi, webhook } from "@line/bot-sdk";
import type { Reply, ReplyContext } from "../bot-interface.ts";
import { tryFindRecipient } from "../shared/conversation.ts";
import { isStatus, type LineClient } from "./line-client.ts";
import { describeError, type Log } from "../shared/log.ts";
import { tell } from "./log.ts";
import type { Mark, Marks } from "./marks.ts";
import { isFinal, isMonthlyLimit, isWithoutAnswer, retryLine } from "./retry-line.ts";
import { mayHaveExpired, toReplyEnd } from "./reply-token.ts";
import { toRetryKey } from "./retry-key.ts";

/** LINE's last word on a reply to an event that was not answered before: another try would fare no better. */
export class ReplyRefused extends Error {
  override readonly name = "ReplyRefused";
}

export interface AnswersOptions {
  line: LineClient;
  log: Log;
  signal: AbortSignal;
  marks: Marks;
  /** The event was here before, and may have been answered then. */
  isRepeat: boolean;
  /** When LINE's request came, by the clock. */
  receivedAtMs: number;
  /** LINE refused a reply. */
  onRefused: () => void;
  /** A reply was not sent: its token's time was over. */
  onTooLate: () => void;
}

type Answers = Pick<ReplyContext<webhook.Event>, "canReply" | "reply" | "replyOrPush" | "push">;
type Messages = messagingApi.Message[];
type RefusedLine = "reply refused" | "reply refused, pushed instead";

/** LINE counts UTF-16 code units. https://developers.line.biz/en/reference/messaging-api/#text-message */
const longestText = 5000;

/** The ways to answer one event, each of which may be taken again after a failure without answering twice. */
export function createAnswers(event: webhook.Event, options: AnswersOptions): Answers {
  const { line, log, signal, marks, isRepeat, receivedAtMs, onRefused, onTooLate } = options;
  const isTooLate = () => Date.now() > toReplyEnd(event, receivedAtMs);
  let replied = false;
  // Counted when they are asked for: two at once have the same numbers when the event is handled again.
  let answers = 0;

  const sendPush = async (messages: Messages, nth: number): Promise<void> => {
    const to = tryFindRecipient(event);
    if (to === undefined) throw new Error(`There is nobody to push to: ${event.type} came without a source`);
    const retryKey = toRetryKey(event.webhookEventId, nth);
    // LINE knows a key for a day only, and dead letters live for weeks.
    if (isRepeat && (await marks.has("pushed", retryKey))) return;
    try {
      await retryLine(() => line.pushMessage({ to, messages }, retryKey), signal);
    } catch (error) {
      if (isFinal(error)) tell(log, "push refused", { ...describeError(error), monthlyLimit: isMonthlyLimit(error) });
      // Sent by an earlier try, of this worker or of another.
      if (!isStatus(error, 409)) throw error;
      tell(log, "push accepted before", { acceptedRequestId: error.headers.get("x-line-accepted-request-id") ?? "" });
    }
    await note("pushed", retryKey);
  };

  /** What cannot be noted is done all the same. */
  const note = (mark: Mark, id: string): Promise<void> =>
    marks.put(mark, id).catch((error: unknown) => tell(log, "answer not noted", describeError(error)));

  /** @returns whether the reply is sent, now or before; where it is refused, the log has the line. */
  const sendReply = async (replyToken: string, messages: Messages, refused: RefusedLine): Promise<boolean> => {
    let maybeSent = isRepeat;
    const reply = async (): Promise<void> => {
      try {
        await line.replyMessage({ replyToken, messages });
      } catch (error) {
        maybeSent ||= isWithoutAnswer(error) || isStatus(error, 500, 502, 503, 504);
        throw error;
      }
    };
    try {
      await retryLine(reply, signal);
      return true;
    } catch (error) {
      if (!isStatus(error, 400)) throw error;
      const isOfToken = maybeSent && !findsFaultWithMessages(error);
      const isUsedUp = isOfToken && !mayHaveExpired(event, receivedAtMs);
      tell(log, isUsedUp ? "reply given before" : refused, describeError(error));
      if (!isUsedUp) onRefused();
      return isUsedUp;
    }
  };

  return {
    canReply: () => !replied && tryFindReplyToken(event) !== undefined && !isTooLate(),

    async reply(...replies) {
      if (replied) throw new Error("The event is answered already: LINE takes one reply, of up to five messages");
      replied = true;
      const replyToken = findReplyToken(event);
      if (isTooLate()) return onTooLate();
      const sent = await sendReply(replyToken, replies.map(toMessage), "reply refused");
      // An event that was here before most likely has its answer, and what follows the answer is left to do.
      if (!sent && !isRepeat) throw new ReplyRefused("LINE refused the reply");
    },

    async replyOrPush(...replies) {
      const nth = answers++;
      const messages = replies.map(toMessage);
      const replyToken = replied ? undefined : tryFindReplyToken(event);
      replied = true;
      if (replyToken === undefined) return sendPush(messages, nth);
      if (isRepeat && (await marks.has("answered", event.webhookEventId))) return;
      if (isTooLate()) tell(log, "reply too late, pushed instead");
      else if (await sendReply(replyToken, messages, "reply refused, pushed instead"))
        return note("answered", event.webhookEventId);
      return sendPush(messages, nth);
    },

    push: (...replies) => sendPush(replies.map(toMessage), answers++),
  };
}

const errorWithDetails = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ details: v.pipe(v.array(v.unknown()), v.minLength(1)) }),
);

/** LINE names the properties that it finds fault with; of a token that is used up it only says so. */
function findsFaultWithMessages({ body }: HTTPFetchError): boolean {
  return v.is(errorWithDetails, body);
}

function findReplyToken(event: webhook.Event): string {
  const replyToken = tryFindReplyToken(event);
  if (replyToken !== undefined) return replyToken;
  throw new Error(`LINE takes no reply to this event: ${event.type} came without a reply token`);
}

function tryFindReplyToken(event: webhook.Event): string | undefined {
  return "replyToken" in event && typeof event.replyToken === "string" ? event.replyToken : undefined;
}

function toMessage(reply: Reply): messagingApi.Message {
  return typeof reply === "string" ? { type: "text", text: toText(reply) } : reply;
}

/** LINE refuses a longer text, and half a character at its end would be none. */
function toText(text: string): string {
  if (text.length <= longestText) return text.toWellFormed();
  return `${text.slice(0, longestText - 1).replace(/[\uD800-\uDBFF]$/, "")}…`.toWellFormed();
}
