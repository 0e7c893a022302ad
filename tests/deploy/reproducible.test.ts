import { execFileSync } from "node:child_process";
import { appendFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { judgeReproducible } from "../../deploy/doctor/reproducible-link.ts";
import { makeInstalledClone } from "../support/clone.ts";

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], { cwd: clone.path });

beforeAll(async () => {
  clone = await makeInstalledClone();
  git("init", "-q");
  await writeFile(path.join(clone.path, ".git/info/exclude"), "node_modules\n");
});
afterAll(() => clone[Symbol.asyncDispose]());
beforeEach(() => {
  git("add", "-A");
  git("commit", "-qm", "all", "--allow-empty");
});

async function change(file: string, from: string | RegExp, to: string): Promise<void> {
  const place = path.join(clone.path, file);
  const text = await readFile(place, "utf8");
  expect(text).toMatch(from);
  await writeFile(place, text.replace(from, to));
}
const undo = () => git("checkout", "-q", "--", ".");

describe("before it is pushed, the doctor finds", () => {
  test("a clone fine whose every build is the same", async () => {
    expect(await judgeReproducible(clone.path)).toEqual({
      status: "ok",
      says: expect.stringMatching(/^built twice, .* the artifact is [0-9a-f]{12}; everything is committed$/),
    });
  });

  test("what is not committed", async () => {
    await appendFile(path.join(clone.path, "functions/bot.ts"), "\n");
    await writeFile(path.join(clone.path, "functions/new.ts"), "");

    const { status, says, todo } = await judgeReproducible(clone.path);

    expect(status).toBe("warning");
    expect(says).toMatch(/not committed: functions\/bot\.ts, functions\/new\.ts$/);
    expect(todo).toMatch(/^Commit before you deploy/);
    await rm(path.join(clone.path, "functions/new.ts"));
    undo();
  });

  test.each([
    {
      what: "a range in place of a version",
      file: "package.json",
      from: /"valibot": "[\d.]+"/,
      to: '"valibot": "^1.0.0"',
      says: /valibot is \^1\.0\.0 in package\.json, which is no exact version/,
    },
    {
      what: "a version that is not the lock file's",
      file: "package.json",
      from: /"valibot": "[\d.]+"/,
      to: '"valibot": "0.1.2"',
      says: /valibot is 0\.1\.2 in package\.json and [\d.]+ in package-lock\.json/,
    },
    {
      what: "a dependency that the lock file lacks",
      file: "package-lock.json",
      from: '"node_modules/valibot":',
      to: '"node_modules/valibots":',
      says: /valibot is [\d.]+ in package\.json and missing in package-lock\.json/,
    },
    {
      what: "a package without an integrity",
      file: "package-lock.json",
      from: /("node_modules\/valibot": \{[^}]*)"integrity"/,
      to: '$1"integrit"',
      says: /valibot has no integrity in package-lock\.json/,
    },
    {
      what: "the time of the build",
      file: "infra/artifact.ts",
      from: "    bundle: true,",
      to: "    bundle: true,\n    banner: { js: `globalThis.built = ${Date.now()};` },",
      says: /the artifact is [0-9a-f]{12} and [0-9a-f]{12}: webhook\.mjs differs at "globalThis\.built = \d+/,
    },
    {
      what: "the path of the clone",
      file: "infra/artifact.ts",
      from: "    bundle: true,",
      to: "    bundle: true,\n    banner: { js: `globalThis.built = ${JSON.stringify(process.cwd())};` },",
      says: /webhook\.mjs has the path of the clone in it/,
    },
    {
      what: "the time zone, in the zip's own dates",
      file: "infra/artifact.ts",
      from: /const zipEpoch = .*/,
      to: "const zipEpoch = new Date(1e12);",
      says: /the artifact is [0-9a-f]{12} and [0-9a-f]{12}/,
    },
  ])("$what", async ({ file, from, to, says }) => {
    await change(file, from, to);

    const finding = await judgeReproducible(clone.path);

    expect(finding.status).toBe("failed");
    expect(finding.says).toMatch(says);
    undo();
  });
});

test("how an installer has laid out node_modules is not in the bytes: behind one link, or a link for each package", async () => {
  const before = await judgeReproducible(clone.path);
  const modules = path.join(clone.path, "node_modules");
  const installed = path.join(import.meta.dirname, "..", "..", "node_modules");
  await rm(modules, { recursive: true });
  for (const name of await readdir(installed)) {
    // Workspaces are the clone's own.
    if (name === "@pulumi-line-bot") continue;
    const inside = name.startsWith("@") ? await readdir(path.join(installed, name)) : [""];
    await mkdir(path.join(modules, name.startsWith("@") ? name : ""), { recursive: true });
    for (const part of inside) await symlink(path.join(installed, name, part), path.join(modules, name, part));
  }
  await cp(path.join(installed, "@pulumi-line-bot"), path.join(modules, "@pulumi-line-bot"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await rm(path.join(modules, "fflate"));
  await cp(path.join(installed, "fflate"), path.join(modules, "fflate"), { recursive: true });

  const after = await judgeReproducible(clone.path);

  expect(after).toEqual(before);
});
