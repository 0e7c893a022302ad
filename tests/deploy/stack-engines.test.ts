import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { chooseEngine } from "../../deploy/stack-engines.ts";
import type { StackPlace } from "../../deploy/stack-place.ts";

const packs = { "policy-pack": ["packages/policy", "packs/own"], yes: true };

test("the Pulumi CLI is handed what was asked for, in its own words", async () => {
  const cwd = await mkdtemp(path.join(tmpdir(), "stack-engines-"));
  onTestFinished(() => rm(cwd, { recursive: true }));
  const file = path.join(cwd, "pulumi");
  await writeFile(file, '#!/bin/sh\necho "$@" > asked\nexit 3\n');
  await chmod(file, 0o755);
  const place: StackPlace = {
    stack: "dev",
    target: undefined,
    pulumi: { name: "pulumi", file, cwd, env: process.env },
  };

  const code = await chooseEngine(place)("preview", place, packs);

  expect(code).toBe(3);
  expect(await readFile(path.join(cwd, "asked"), "utf8")).toBe(
    "preview --stack dev --policy-pack packages/policy --policy-pack packs/own --yes\n",
  );
});

test("the embedded engine refuses policy packs, before it begins", async () => {
  const place: StackPlace = {
    stack: "local",
    target: { env: {}, attachedProviders: {}, lineUrl: "http://localhost:4400", certificateAuthority: "" },
    pulumi: { name: "pulumi", file: "pulumi", cwd: ".", env: {} },
  };

  await expect(chooseEngine(place)("up", place, packs)).rejects.toThrow(
    /takes no policy packs: leave --policy-pack out/,
  );
});
