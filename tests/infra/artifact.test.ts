import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { linkDependencies } from "@pulumi-line-bot/kit/link-dependencies";
import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { type Artifact, buildArtifact } from "../../infra/artifact.ts";

const root = path.join(import.meta.dirname, "..", "..");

/** What a clone at another path has; the dependencies are the same installation. */
async function makeClone(name: string): Promise<string> {
  const clone = path.join(await mkdtemp(path.join(tmpdir(), "clone-")), name);
  for (const part of [
    "functions",
    "infra",
    "line",
    "packages/kit",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
  ]) {
    await cp(path.join(root, part), path.join(clone, part), { recursive: true });
  }
  await linkDependencies(root, clone);
  return clone;
}

async function buildIn(clone: string, env: Record<string, string>): Promise<Artifact> {
  const program = `
    const { buildArtifact } = await import("./artifact.ts");
    console.log(JSON.stringify(await buildArtifact({ name: "bot", entries: ["../functions/webhook.ts"], directory: "../.artifacts" })));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: path.join(clone, "infra"),
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout) as Artifact;
}

describe("an artifact", () => {
  test("has the same bytes at any path, in any time zone and locale", async () => {
    const here = await buildIn(await makeClone("a"), { TZ: "Asia/Tokyo", LANG: "ja_JP.UTF-8" });
    const there = await buildIn(await makeClone("a b/ü"), { TZ: "America/St_Johns", LANG: "C" });

    expect(there).toEqual(here);
  });

  test("has another digest when a source changes", async () => {
    const clone = await makeClone("a");
    const before = await buildIn(clone, {});
    await appendFile(path.join(clone, "functions", "webhook.ts"), '\nconsole.info("another line");\n');

    expect((await buildIn(clone, {})).sha256).not.toBe(before.sha256);
  });

  test("holds one file, readable by all, and its digest is that of the zip", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "artifact-"));
    const artifact = await buildArtifact({
      name: "bot",
      entries: [path.join(root, "functions", "webhook.ts")],
      directory,
    });

    const zip = await readFile(artifact.path);
    expect(Object.keys(unzipSync(zip))).toEqual(["webhook.mjs"]);
    expect(createHash("sha256").update(zip).digest("hex")).toBe(artifact.sha256);
    expect(zip.byteLength).toBe(artifact.size);
  });

  test("is at most 60 KB, bundled", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "artifact-"));
    const artifact = await buildArtifact({
      name: "bot",
      entries: [path.join(root, "functions", "webhook.ts")],
      directory,
    });

    const [code] = Object.values(unzipSync(await readFile(artifact.path)));
    expect(code?.byteLength).toBeLessThanOrEqual(60 * 1024);
  });

  test("that does not compile is an error with file and line", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "artifact-"));
    const entry = path.join(directory, "broken.ts");
    await writeFile(entry, "export const handler = (;\n");

    await expect(buildArtifact({ name: "bot", entries: [entry], directory })).rejects.toThrow(/broken\.ts:1:/);
  });
});
