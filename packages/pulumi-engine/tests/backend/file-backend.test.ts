import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFileBackend } from "../../backend/file-backend.ts";
import { emptyDeployment } from "../../backend/snapshot-codec.ts";
import { createTempFolder, stack } from "../support.ts";

async function createBackend() {
  const folder = await createTempFolder();
  const backend = await openFileBackend(`file://${folder.path}`, "/");
  return {
    folder,
    backend,
    inPulumi: (...path: string[]) => join(folder.path, ".pulumi", ...path),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

const record = {
  kind: "update",
  startTime: 1,
  message: "",
  environment: {},
  config: {},
  version: 0,
  result: "succeeded",
  endTime: 2,
} as const;

describe("a file backend", () => {
  it("keeps a stack where Pulumi looks for it", async () => {
    await using place = await createBackend();

    await place.backend.createStack(stack, emptyDeployment("v1:salt"));

    expect(await readFile(place.inPulumi("meta.yaml"), "utf8")).toBe("version: 1\n");
    const checkpoint = JSON.parse(await readFile(place.inPulumi("stacks", "shop", "dev.json"), "utf8"));
    expect(checkpoint).toMatchObject({
      version: 3,
      checkpoint: {
        stack: "organization/shop/dev",
        latest: { secrets_providers: { type: "passphrase", state: { salt: "v1:salt" } } },
      },
    });
  });

  it("lists stacks by project, and nothing that is none", async () => {
    await using place = await createBackend();
    for (const name of ["prod", "dev"])
      await place.backend.createStack({ project: "shop", name }, emptyDeployment("s"));
    await place.backend.createStack({ project: "other", name: "dev" }, emptyDeployment("s"));
    await place.backend.writeTags(stack, { a: "1" });
    await place.backend.keepPrevious(stack);
    await writeFile(place.inPulumi("stacks", "stray.txt"), "");

    expect(await place.backend.listStacks("shop")).toEqual([
      { project: "shop", name: "dev" },
      { project: "shop", name: "prod" },
    ]);
    expect(await place.backend.listStacks()).toHaveLength(3);
  });

  it("refuses to make a stack twice", async () => {
    await using place = await createBackend();
    await place.backend.createStack(stack, emptyDeployment("s"));

    await expect(place.backend.createStack(stack, emptyDeployment("s"))).rejects.toThrow("already exists");
  });

  it("keeps each update with the checkpoint after it, and gives the latest first", async () => {
    await using place = await createBackend();
    await place.backend.createStack(stack, emptyDeployment("s"));
    for (const message of ["one", "two", "three"]) await place.backend.recordUpdate(stack, { ...record, message });

    const messages = (await place.backend.listUpdates(stack)).map(({ message }) => message);
    const second = await place.backend.listUpdates(stack, { size: 2, number: 2 });

    expect(messages).toEqual(["three", "two", "one"]);
    expect(second.map(({ message }) => message)).toEqual(["one"]);
    const names = await readdir(place.inPulumi("history", "shop", "dev"));
    expect(names.toSorted()[0]).toMatch(/^dev-\d{19}\.checkpoint\.json$/);
    expect(names).toHaveLength(6);
    expect(await readdir(place.inPulumi("backups", "shop", "dev"))).toHaveLength(3);
  });

  it("takes history and tags away with a stack, and keeps the last state aside", async () => {
    await using place = await createBackend();
    await place.backend.createStack(stack, emptyDeployment("s"));
    await place.backend.recordUpdate(stack, record);
    await place.backend.writeTags(stack, { owner: "me" });

    await place.backend.removeStack(stack, { keepBackups: true });

    expect(await place.backend.exists(stack)).toBe(false);
    expect(await place.backend.listUpdates(stack)).toEqual([]);
    expect(await place.backend.readTags(stack)).toEqual({});
    expect(existsSync(place.inPulumi("stacks", "shop", "dev.json.bak"))).toBe(true);
  });

  it("keeps tags in Pulumi's file, and no file without tags", async () => {
    await using place = await createBackend();
    const file = place.inPulumi("stacks", "shop", "dev.pulumi-tags");

    await place.backend.writeTags(stack, { owner: "me" });
    const written = JSON.parse(await readFile(file, "utf8"));
    await place.backend.writeTags(stack, {});

    expect(written).toEqual({ version: 1, tags: { owner: "me" } });
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ["https://api.pulumi.com", "https://api.pulumi.com"],
    ["s3://user:hunter2@bucket", "s3://****@bucket"],
  ])("refuses %s by name, without credentials", async (url, named) => {
    await expect(openFileBackend(url, "/")).rejects.toThrow(`the backend is ${named}:`);
  });

  it("finds a relative folder from where it is told to", async () => {
    await using folder = await createTempFolder();

    const backend = await openFileBackend("file://./state", folder.path);

    expect(backend.root).toBe(join(folder.path, "state"));
  });

  it("leaves the layout of old releases to the CLI", async () => {
    await using folder = await createTempFolder();
    await mkdir(join(folder.path, ".pulumi", "stacks"), { recursive: true });
    await writeFile(join(folder.path, ".pulumi", "stacks", "dev.json"), "{}");

    await expect(openFileBackend(`file://${folder.path}`, "/")).rejects.toThrow("pulumi state upgrade");
  });

  it("says of a compressed stack that only the CLI reads it", async () => {
    await using place = await createBackend();
    await mkdir(place.inPulumi("stacks", "shop"), { recursive: true });
    await writeFile(place.inPulumi("stacks", "shop", "dev.json.gz"), "");

    await expect(place.backend.exists(stack)).rejects.toThrow("compressed");
  });
});
