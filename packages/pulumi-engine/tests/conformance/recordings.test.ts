import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** What the Pulumi CLI did with each of many programs; not part of this repository. */
const repository = resolve(import.meta.dirname, "../../../..");
const recordings = resolve(repository, "..", "shared", "engine-conformance");
const there = existsSync(recordings);
const names = there ? readdirSync(join(recordings, "scenarios")).toSorted() : ["(the recordings are not at hand)"];

interface Comparison {
  readonly compare: (expected: unknown, actual: unknown) => string[];
}

describe.skipIf(!there)("the engine's command does what the Pulumi CLI was recorded to do", () => {
  let out: string;
  let recorder: ChildProcess;
  let finished: Promise<void>;

  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), "engine-conformance-"));
    const options = {
      scenarios: join(recordings, "scenarios"),
      "node-modules": join(repository, "node_modules"),
      out,
      runs: "1",
      jobs: "2",
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    recorder = spawn(process.execPath, [join(recordings, "record.mjs"), ...args], {
      env: { ...process.env, PULUMI_CMD: join(repository, "packages", "pulumi-engine", "bin", "pulumi") },
      stdio: "ignore",
    });
    finished = new Promise((done) => recorder.once("close", () => done()));
  });
  afterAll(async () => {
    recorder.kill();
    await rm(out, { recursive: true, force: true });
  });

  it.each(names)("%s", { timeout: 1_800_000 }, async (name) => {
    const { compare } = (await import(pathToFileURL(join(recordings, "compare.mjs")).href)) as Comparison;
    const read = (folder: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
    await finished;

    const differences = compare(read(join(recordings, "recorded")), read(out));

    expect(differences).toEqual([]);
  });
});
