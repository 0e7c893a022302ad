/** `npm run diff` as a person or a workflow types it, on the project's own program in a clone of its own. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, watch, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeInstalledClone } from "../../support/clone.ts";

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
beforeAll(async () => {
  clone = await makeInstalledClone();
  await git("init", "--quiet", "--initial-branch", "main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message", "Begin");
});
afterAll(() => clone[Symbol.asyncDispose]());

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function run(file: string, args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd: clone.path, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error ? 1 : 0, stdout, stderr }),
    );
  });
}

const git = (...args: string[]): Promise<Ended> =>
  run("git", [
    "-c",
    "user.name=Somebody",
    "-c",
    "user.email=somebody@example.com",
    "-c",
    "commit.gpgsign=false",
    ...args,
  ]);
const diff = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [path.join(clone.path, "deploy", "commands", "diff.ts"), ...args]);

async function edit(name: string, from: RegExp, to: string): Promise<void> {
  const file = path.join(clone.path, name);
  const text = await readFile(file, "utf8");
  if (!from.test(text)) throw new Error(`${name} has nothing like ${from}`);
  await writeFile(file, text.replace(from, to));
}

describe("npm run diff", () => {
  it("tells what a change does to all three stacks, and stops where it was told to", async () => {
    await edit("Pulumi.prod.yaml", /line-bot:logRetentionDays: 365/, "line-bot:logRetentionDays: 30");

    const out = path.join(clone.path, ".artifacts", "report.md");
    const { code, stdout, stderr } = await diff("--base", "main", "--out", out, "--fail-on", "delete,data-loss");

    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toContain("Stopped by --fail-on: the change is of the kind data-loss.");
    const report = await readFile(out, "utf8");
    expect(report).toContain("- **`dev`, `local`**: unchanged");
    expect(report).toContain("**`prod`**: Each of the log groups");
    expect(report).toContain("keeps what is logged for `30` days (was `365` days)");
    expect(report + stderr).not.toContain(clone.path);
  }, 300_000);

  it("takes away what it has checked out when it is stopped", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "diff-command-"));
    const changes = watch(folder);
    const child = spawn(process.execPath, [path.join(clone.path, "deploy", "commands", "diff.ts"), "--base", "main"], {
      cwd: clone.path,
      env: { ...process.env, TMPDIR: folder },
      stdio: "ignore",
    });
    for await (const { filename } of changes) if (filename?.startsWith("line-bot-diff-") === true) break;
    child.kill("SIGINT");

    expect(await once(child, "exit")).toEqual([130, null]);
    expect((await readdir(folder)).filter((name) => name.startsWith("line-bot-diff-"))).toEqual([]);
    await rm(folder, { recursive: true });
  });
});
