/** Numbers that are the same for the same seed, on every machine. */
export interface Random {
  /** A whole number, both ends included. */
  from(lowest: number, highest: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** By the weight that comes first in each. */
  weighted<T extends unknown[]>(items: readonly [weight: number, ...T][]): T;
}

/** Mulberry32. @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const from = (lowest: number, highest: number) => lowest + Math.floor(next() * (highest - lowest + 1));
  return {
    from,
    chance: (probability) => next() < probability,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new Error("There is nothing to pick from");
      return items[from(0, items.length - 1)] as T;
    },
    weighted<T extends unknown[]>(items: readonly [weight: number, ...T][]): T {
      let left = next() * items.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, ...item] of items) if ((left -= weight) < 0) return item as T;
      throw new Error("There is nothing to pick from");
    },
  };
}
