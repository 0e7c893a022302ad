/** At most so many things at a time. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #whenIdle: (() => void)[] = [];
  #taken = 0;

  constructor(count: number) {
    this.#free = count > 0 ? count : Infinity;
  }

  /** Resolves to what gives the place back. */
  async take(): Promise<() => void> {
    this.#taken += 1;
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      this.#taken -= 1;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
      if (this.#taken === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    };
  }

  /** Resolves when no place is taken or waited for. */
  idle(): Promise<void> {
    return this.#taken === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenIdle.push(resolve));
  }
}
