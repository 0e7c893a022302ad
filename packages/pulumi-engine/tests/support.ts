import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResourceState, Snapshot } from "../contracts/contracts.ts";

export interface TempFolder extends AsyncDisposable {
  path: string;
}

export async function createTempFolder(): Promise<TempFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "engine-test-")));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export const stack = { project: "shop", name: "dev" };
export const rootUrn = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev";
export const thingUrn = (name: string): string => `urn:pulumi:dev::shop::test:index:Thing::${name}`;

/** A valid snapshot: the stack and things below it, each with what it is given. */
export function createSnapshot(things: Partial<ResourceState>[] = []): Snapshot {
  const root: ResourceState = { urn: rootUrn, custom: false, type: "pulumi:pulumi:Stack" };
  const resources = things.map((thing, index): ResourceState => ({
    urn: thingUrn(`t${index}`),
    custom: true,
    id: `t${index}-1`,
    type: "test:index:Thing",
    parent: rootUrn,
    ...thing,
  }));
  return { resources: [root, ...resources], pendingOperations: [] };
}
