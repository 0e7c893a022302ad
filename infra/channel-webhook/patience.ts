import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pulumi-line-bot/kit/message-of";

/** The waiting of one operation: all of its calls draw on one budget. */
export interface Patience {
  /** Begins the attempts of one call: each pause is about twice as long as the one before, up to 16 seconds. */
  begin(): Pause;
}

/** Says why, and waits; false once the budget is spent: the failure stands. */
export type Pause = (why: string) => Promise<boolean>;

export interface PatienceOptions {
  /** The limit of pauses and failed attempts together. Default: 90 seconds. */
  budgetMs?: number;
  /** Called before each pause, for anyone who looks on. */
  tell?: (message: string) => void;
  /** Default: the clock's time. */
  wait?: (milliseconds: number) => Promise<unknown>;
}

const firstPauseMs = 1000;
const longestPauseMs = 16_000;

export function createPatience({ budgetMs = 90_000, tell = () => {}, wait = sleep }: PatienceOptions): Patience {
  let spentMs = 0;
  return {
    begin() {
      let pauseMs = firstPauseMs;
      let attemptedAt = performance.now();
      return async (why) => {
        // Between half of it and all of it, so that stacks that were refused together do not come back together.
        const thisPauseMs = pauseMs * (0.5 + Math.random() / 2);
        spentMs += performance.now() - attemptedAt + thisPauseMs;
        if (spentMs > budgetMs) return false;
        tell(`${why} Trying again in ${Math.ceil(thisPauseMs / 1000)} s.`);
        await wait(thisPauseMs);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
        attemptedAt = performance.now();
        return true;
      };
    },
  };
}

/** Attempts until one succeeds, fails for good, or patience is at its end; then throws what the last one threw. */
export async function persist<T>(
  pause: Pause,
  attempt: () => Promise<T>,
  mayPass: (error: unknown) => boolean,
): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error) || !(await pause(messageOf(error)))) throw error;
    }
  }
}
