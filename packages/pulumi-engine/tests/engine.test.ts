import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFileBackend } from "../backend/file-backend.ts";
import { describeOurselves } from "../backend/lock-holder.ts";
import { type StackOperation, runStackOperation } from "../engine.ts";
import { createProjectFolder } from "./program.ts";
import { spawnSync } from "node:child_process";

const componentProgram = `
  import * as pulumi from "@pulumi/pulumi";
  const config = new pulumi.Config();
  new pulumi.ComponentResource("test:index:Group", "group");
  export const size = config.get("size");
  export const hidden = pulumi.secret({ key: "k" });
`;

async function createPlace(program = componentProgram) {
  const folder = await createProjectFolder(program);
  const run = (operation: Partial<StackOperation>) =>
    runStackOperation({
      kind: "up",
      projectDir: folder.path,
      stack: "dev",
      backendUrl: folder.backendUrl,
      env: folder.env,
      createStack: true,
      ...operation,
    });
  const lockFolder = join(folder.path, "..", "state", ".pulumi", "locks", "organization", "shop", "dev");
  return { folder, run, lockFolder, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

describe("an operation run in process", () => {
  it("makes the stack where it is told to, and gives its outputs in the clear", async () => {
    await using place = await createPlace();

    const result = await place.run({ configOverrides: { "shop:size": "7" } });

    expect(result).toEqual({
      result: "succeeded",
      changes: { create: 2 },
      outputs: { size: "7", hidden: { key: "k" } },
      secretOutputs: ["hidden"],
    });
    expect(await readFile(join(place.folder.path, "Pulumi.dev.yaml"), "utf8")).toMatch(/^encryptionsalt: v1:.*\n$/);
  });

  it("does not make one otherwise", async () => {
    await using place = await createPlace();

    await expect(place.run({ createStack: false })).rejects.toThrow("no stack named 'dev' found");
  });

  it("changes nothing in a preview", async () => {
    await using place = await createPlace();
    await place.run({ kind: "destroy" });
    const backend = await openFileBackend(place.folder.backendUrl, "/");
    const before = await backend.readDeployment({ project: "shop", name: "dev" });

    const result = await place.run({ kind: "preview" });

    expect(result.changes).toEqual({ create: 2 });
    expect(await backend.readDeployment({ project: "shop", name: "dev" })).toEqual(before);
  });

  it("gives its lock back, whatever comes of it", async () => {
    await using place = await createPlace('throw new Error("no");');

    const failed = await place.run({});
    await place.folder.write(componentProgram);
    const next = await place.run({});

    expect(failed.result).toBe("failed");
    expect(next.result).toBe("succeeded");
  });

  it("takes a dead process's lock away only when it is told to", async () => {
    await using place = await createPlace();
    await mkdir(place.lockFolder, { recursive: true });
    const holder = { ...describeOurselves(), pid: spawnSync("true").pid };
    await place.run({ kind: "destroy", removeDeadLock: true });
    await writeFile(join(place.lockFolder, "x.json"), JSON.stringify(holder));

    await expect(place.run({})).rejects.toThrow("has died");
    await expect(place.run({ removeDeadLock: true })).resolves.toMatchObject({ result: "succeeded" });
  });

  it("keeps in the history what it did and what came of it", async () => {
    await using place = await createPlace();
    await place.run({ message: "hello", executionKind: "auto.local" });
    await place.folder.write('throw new Error("no");');
    await place.run({});

    const backend = await openFileBackend(place.folder.backendUrl, "/");
    const [latest, first] = await backend.listUpdates({ project: "shop", name: "dev" });

    expect(first).toMatchObject({
      kind: "update",
      result: "succeeded",
      message: "hello",
      environment: { "exec.kind": "auto.local" },
      resourceChanges: { create: 2 },
    });
    expect(latest).toMatchObject({ kind: "update", result: "failed" });
  });

  it("stops when it is told to", async () => {
    await using place = await createPlace();
    const stopping = new AbortController();
    stopping.abort();

    const result = await place.run({ signal: stopping.signal });

    expect(result.result).toBe("failed");
  });

  it("refuses a runtime that is not its own, and a program that is not there", async () => {
    await using place = await createPlace();
    const project = join(place.folder.path, "Pulumi.yaml");

    await writeFile(project, "name: shop\nruntime: python\n");
    await expect(place.run({})).rejects.toThrow("has the runtime python");
    await writeFile(project, "name: shop\nruntime: nodejs\nmain: gone.ts\n");
    await expect(place.run({})).rejects.toThrow("gone.ts, which cannot be read");
  });

  it("keeps the state of a stack whose settings file was lost readable", async () => {
    await using place = await createPlace();
    await place.run({});
    const settings = join(place.folder.path, "Pulumi.dev.yaml");
    const salt = await readFile(settings, "utf8");
    await writeFile(settings, "");

    const result = await place.run({});

    expect(result.changes).toEqual({ same: 2 });
    expect(await readFile(settings, "utf8")).toBe(salt);
  });
});
