import { setTimeout as wait } from "node:timers/promises";
import { HTTPFetchError } from "@line/bot-sdk";
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
  if (isMonthlyLimit(error)) return false;
  if (error instanceof TokenRefused) return error.status === 429 || error.status >= 500;
  return isStatus(error, 429, 500, 502, 503, 504) || isWithoutAnswer(error);
}

/** Whether LINE has answered with a refusal that another try would get as well. 409 says that it is done already. */
export function isFinal(error: unknown): boolean {
  return error instanceof HTTPFetchError && error.status !== 409 && !isPassing(error);
}

/**
 * The free messages of the month are used up. It has the status of "too many requests", and passes with the month.
 * @see https://developers.line.biz/en/reference/messaging-api/#error-messages
 */
export function isMonthlyLimit(error: unknown): boolean {
  return isStatus(error, 429) && error.body.includes("monthly limit");
}

/** Whether LINE may have done what was asked, and only its answer is missing. */
export function isWithoutAnswer(error: unknown): boolean {
  // `fetch` throws a TypeError with a cause when the connection fails.
  return error instanceof DeadlinePassed || (error instanceof TypeError && error.cause !== undefined);
}
