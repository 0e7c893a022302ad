import type { Clock } from "../clock.ts";

/** Waiting on the clock that can be called off as a whole. */
export interface Pauses {
  /** Resolves with true after `ms`, or with false when all waiting is called off. */
  wait(ms: number): Promise<boolean>;
  callOff(): void;
}

export function createPauses(clock: Clock): Pauses {
  const waiting = new Set<() => void>();
  return {
    wait: (ms) =>
      new Promise((resolve) => {
        const end = (isOver: boolean) => {
          waiting.delete(callOff);
          resolve(isOver);
        };
        const forget = clock.after(ms, () => end(true));
        const callOff = () => {
          forget();
          end(false);
        };
        waiting.add(callOff);
      }),
    callOff() {
      for (const callOff of waiting) callOff();
    },
  };
}
