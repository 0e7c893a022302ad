/** Knows whether anyone waits for it. */
class Watched<T> extends Promise<T> {
  static override get [Symbol.species]() {
    return Promise;
  }
  isAwaited = false;
  // oxlint-disable-next-line unicorn/no-thenable -- What `await` calls is the one sign that someone waits.
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isAwaited = true;
    return super.then(fulfilled, rejected);
  }
}

export interface PendingAnswers {
  /** The same function, whose calls are waited for at the end. */
  watch<Args extends unknown[], T>(send: (...args: Args) => Promise<T>): (...args: Args) => Promise<T>;
  /**
   * When all calls have come to their end.
   * @throws the failure of a call that its caller did not wait for.
   */
  settled(): Promise<void>;
}

/** Remembers answers and calls under way, so that one whose `await` was forgotten is neither frozen with Lambda nor lost. */
export function createPendingAnswers(): PendingAnswers {
  const pending: { sending: Promise<unknown>; watched: Watched<unknown> }[] = [];
  return {
    watch:
      <Args extends unknown[], T>(send: (...args: Args) => Promise<T>) =>
      (...args: Args) => {
        const sending = send(...args);
        sending.catch(() => undefined); // It is looked at below.
        const watched = new Watched<T>((resolve) => resolve(sending));
        // Should nobody wait, that is no reason to end the process.
        void Promise.prototype.then.call(watched, undefined, () => undefined);
        pending.push({ sending, watched });
        return watched;
      },
    async settled() {
      await Promise.allSettled(pending.map(({ sending }) => sending));
      for (const { sending, watched } of pending) if (!watched.isAwaited) await sending;
    },
  };
}
