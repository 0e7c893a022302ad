import { AsyncLocalStorage } from "node:async_hooks";

/** The time for a piece of work was over before the work was. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";
}

const currentDeadline = new AsyncLocalStorage<AbortSignal | undefined>();

/**
 * Runs `task` for at most `timeoutMs`, and not past a deadline around this one. Every `fetch` inside is aborted then.
 * @throws {DeadlinePassed} when the time is over, whether or not the task listens to its signal.
 */
export async function withDeadline<T>(timeoutMs: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const overdue = new DeadlinePassed(`Not done within ${Math.round(timeoutMs)} ms`);
  // A timer may fire a millisecond early: what is left then is no time for anything.
  if (timeoutMs < 1) throw overdue;
  const around = currentDeadline.getStore();
  around?.throwIfAborted();
  const own = new AbortController();
  const { promise: passed, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    own.abort(reason);
    reject(reason);
  };
  // Not `AbortSignal.timeout`: its timer would not keep the process waiting for a task that never settles. Nor
  // `AbortSignal.any`, which leaves something behind with each call.
  const timer = setTimeout(() => end(overdue), timeoutMs);
  const endWithAround = () => end(around?.reason);
  around?.addEventListener("abort", endWithAround);
  try {
    return await Promise.race([currentDeadline.run(own.signal, () => task(own.signal)), passed]);
  } finally {
    clearTimeout(timer);
    around?.removeEventListener("abort", endWithAround);
  }
}

/** The same for what several wait for: no deadline around it cuts it short. */
export function withOwnDeadline<T>(timeoutMs: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return currentDeadline.run(undefined, () => withDeadline(timeoutMs, task));
}

// LINE's SDK takes neither a signal nor a `fetch` of one's own, so the deadline reaches it through the global one.
const fetchWithoutDeadline = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const deadline = currentDeadline.getStore();
  if (deadline === undefined) return fetchWithoutDeadline(input, init);
  const asked = init?.signal ?? (input instanceof Request ? input.signal : undefined);
  return fetchWithoutDeadline(input, {
    ...init,
    signal: asked === undefined ? deadline : AbortSignal.any([asked, deadline]),
  });
};
