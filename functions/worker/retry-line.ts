import { setTimeout as wait } from "node:timers/promises";
import { TokenRefused } from "../../line/tokens.ts";
import { withDeadline, DeadlinePassed } from "./deadline.ts";
import { isStatus } from "./line-client.ts";

const mostTries = 5;
const longestTryMs = 3000;
const firstPauseMs = 100;

/**
 * Makes a call to LINE, and again a few times while it fails for a reason that passes: too many requests, a fault of
 * LINE's, no answer. Each try is cut, so that one without an answer leaves time for another.
 * @see https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
 */
export async function retryLine<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tried = 1; ; tried++) {
    signal.throwIfAborted();
    try {
      return await withDeadline(longestTryMs, call);
    } catch (error) {
      if (signal.aborted || tried === mostTries || !isPassing(error)) throw error;
    }
    await wait(firstPauseMs * 2 ** (tried - 1) * (0.5 + Math.random() / 2), undefined, { signal });
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof TokenRefused) return error.status === 429 || error.status >= 500;
  return isStatus(error, 429, 500, 502, 503, 504) || isWithoutAnswer(error);
}

/** Whether LINE may have done what was asked, and only its answer is missing. */
export function isWithoutAnswer(error: unknown): boolean {
  // `fetch` throws a TypeError with a cause when the connection fails.
  return error instanceof DeadlinePassed || (error instanceof TypeError && error.cause !== undefined);
}
