import { afterEach, beforeEach, vi } from "vitest";

const everyMs = 10;
/** Half as fast as the machine's time at most: limits are there to pass in some tests, and to be far away in all others. */
const stepMs = 5;

/**
 * Lets the time of timers and of `performance.now()` pass as the event loop turns, some milliseconds a turn. What has a
 * limit of half a second gets a hundred turns for it, also on a machine that is too busy to run this process.
 */
export function countTimeInTurns(): void {
  let turns: NodeJS.Timeout;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    turns = setInterval(() => vi.advanceTimersByTime(stepMs), everyMs);
  });
  afterEach(() => {
    clearInterval(turns);
    vi.useRealTimers();
  });
}
