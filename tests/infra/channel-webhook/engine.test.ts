/** The resource as an engine runs it: serialized, in a provider's process, with Pulumi's state. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createEngineProject, type EngineProject } from "./engine-stack.ts";
import { live } from "./model.ts";
import { type Platform, startPlatform } from "./platform.ts";
import { type SecretsEndpoint, startSecretsEndpoint } from "./secrets-endpoint.ts";

const { SEED } = process.env;
const seeds = SEED === undefined ? Array.from({ length: 20 }, (_, n) => n + 1) : [Number(SEED)];

let platform: Platform;
let secrets: SecretsEndpoint;
let project: EngineProject;
beforeAll(async () => {
  platform = await startPlatform();
  secrets = await startSecretsEndpoint(() => platform.credentials);
  project = await createEngineProject(secrets.env);
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await secrets[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

it(`${seeds.length} random lives come to the same in the embedded engine`, { timeout: 600_000 }, async () => {
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

  expect(failures).toEqual([]);
});
