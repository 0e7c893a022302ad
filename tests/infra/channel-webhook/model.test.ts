/** Replay one life: `SEED=<n> npx vitest run tests/infra/channel-webhook/model.test.ts`; more of them: `LIVES=5000`. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { live } from "./model.ts";
import { type Platform, startPlatform } from "./platform.ts";

const { SEED, LIVES = "500" } = process.env;
const seeds = SEED === undefined ? Array.from({ length: Number(LIVES) }, (_, n) => n + 1) : [Number(SEED)];

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());

it(
  `state and channel agree with the model after each step of ${seeds.length} random lives`,
  { timeout: 600_000 },
  async () => {
    const life = { platform, createStack: async () => platform.stack(), isInProcess: true, length: [3, 7] as const };
    const failures: unknown[] = [];

    for (const seed of seeds) {
      await live(life, seed).catch((error: unknown) => failures.push(error));
      if (failures.length > 0) break;
    }

    expect(failures).toEqual([]);
  },
);
