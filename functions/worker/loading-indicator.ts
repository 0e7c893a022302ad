import type { webhook } from "@line/bot-sdk";
import type { LineClient } from "./line-client.ts";
import { describeError, type Log } from "../shared/log.ts";
import { tell } from "./log.ts";

/** LINE takes multiples of five, and ends the animation when the bot's message comes. A handler has no longer. */
const loadingSeconds = 10;

/**
 * Shows the user that an answer is coming, when none has come after a while. LINE shows it in one-on-one chats only.
 * @returns what to call before an answer is sent: shown after it, the animation would wait for another one.
 * @see https://developers.line.biz/en/docs/messaging-api/use-loading-indicator/
 */
export function startLoadingIndicator(
  event: webhook.Event,
  { line, log, signal, afterMs }: { line: LineClient; log: Log; signal: AbortSignal; afterMs: number },
): () => Promise<void> {
  const { source } = event;
  if (source?.type !== "user" || source.userId === undefined || !("replyToken" in event))
    return () => Promise.resolve();
  const chatId = source.userId;
  let showing: Promise<void> | undefined;
  const show = async (): Promise<void> => {
    try {
      await line.showLoadingAnimation({ chatId, loadingSeconds });
    } catch (error) {
      tell(log, "loading indicator not shown", describeError(error));
    }
  };
  const timer = setTimeout(() => {
    showing = show();
  }, afterMs);
  signal.addEventListener("abort", () => clearTimeout(timer));
  return async () => {
    clearTimeout(timer);
    await showing;
  };
}
