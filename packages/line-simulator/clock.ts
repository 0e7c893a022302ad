/** The platform's time. Everything that expires, refills, waits or is stamped asks it, so a test can set it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `due` once, after `ms` of this clock's time, and returns what calls it off. */
  after(ms: number, due: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  after(ms, due) {
    const timer = setTimeout(due, ms);
    // A redelivery that waits is no reason to keep the process alive; what is under way has its own handles.
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface ManualClock extends Clock {
  /** Moves time forward; what falls due on the way is called in order, each at its own time. */
  advance(ms: number): void;
}

/** A clock that stands still until it is moved. */
export function createManualClock(startMs = Date.UTC(2026, 0, 5, 3)): ManualClock {
  let nowMs = startMs;
  const waiting = new Set<{ atMs: number; due: () => void }>();
  const next = (untilMs: number) =>
    [...waiting].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
  return {
    now: () => nowMs,
    after(ms, due) {
      const entry = { atMs: nowMs + ms, due };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let entry = next(untilMs); entry !== undefined; entry = next(untilMs)) {
        waiting.delete(entry);
        nowMs = entry.atMs;
        entry.due();
      }
      nowMs = untilMs;
    },
  };
}

/** Resolves after `ms` of the clock's time. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0) resolve();
    else clock.after(ms, resolve);
  });
}
