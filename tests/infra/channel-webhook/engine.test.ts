/** The resource as an engine runs it: serialized, in a provider's process, with Pulumi's state. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createEngineProject } from "./engine-stack.ts";
import { live } from "./model.ts";
import { type Platform, startPlatform } from "./platform.ts";
import { type SecretsEndpoint, startSecretsEndpoint } from "./secrets-endpoint.ts";

const { SEED } = process.env;
const seeds = SEED === undefined ? Array.from({ length: 20 }, (_, n) => n + 1) : [Number(SEED)];

let platform: Platform;
let secrets: SecretsEndpoint;
beforeAll(async () => {
  platform = await startPlatform({ overSockets: true });
  secrets = await startSecretsEndpoint(() => platform.credentials);
});
afterAll(async () => {
  await secrets[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

/** What went wrong in the first life that did not come to the same. */
async function liveAll(command?: string): Promise<unknown[]> {
  await using project = await createEngineProject(secrets.env, command);
  const life = {
    platform,
    createStack: (name: string) => project.createStack(name),
    isInProcess: false,
    length: [2, 3] as const,
  };
  const failures: unknown[] = [];
  for (const seed of seeds) {
    await live(life, seed).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) break;
  }
  return failures;
}

it(`${seeds.length} random lives come to the same in the embedded engine`, { timeout: 600_000 }, async () => {
  expect(await liveAll()).toEqual([]);
});

const hasCli = spawnSync("pulumi", ["version"]).status === 0;

it.skipIf(!hasCli)(
  `${seeds.length} random lives come to the same in the Pulumi CLI`,
  { timeout: 1_200_000 },
  async () => {
    expect(await liveAll("pulumi")).toEqual([]);
  },
);
