/** `npm run diff` as a person or a workflow types it, on the project's own program in a clone of its own. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Report, reportSchema } from "../../../deploy/diff/model.ts";
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
  run(process.execPath, [path.join(clone.path, "deploy", "diff.ts"), ...args]);

async function edit(name: string, from: RegExp, to: string): Promise<void> {
  const file = path.join(clone.path, name);
  const text = await readFile(file, "utf8");
  if (!from.test(text)) throw new Error(`${name} has nothing like ${from}`);
  await writeFile(file, text.replace(from, to));
}

describe("npm run diff", () => {
  it("tells what a change does to all three stacks, stops where it was told to, and says the same again", async () => {
    await edit("Pulumi.prod.yaml", /line-bot:logRetentionDays: 365/, "line-bot:logRetentionDays: 30");

    const out = path.join(clone.path, ".artifacts", "report.json");
    const first = await diff("--base", "main", "--format", "json", "--out", out, "--fail-on", "delete,data-loss");
    expect(first.stderr).toContain("Stopped by --fail-on: the change is of the kind data-loss.");
    const report: Report = v.parse(reportSchema, JSON.parse(await readFile(out, "utf8")));
    const [again, markdown] = [await diff("--base", "main", "--format", "json"), await diff("--base", "main")];

    expect(first).toMatchObject({ code: 3, stdout: "" });
    expect(report.stacks.map(({ stack, status }) => [stack, status])).toEqual([
      ["dev", "unchanged"],
      ["local", "unchanged"],
      ["prod", "changed"],
    ]);
    expect(again.stdout).toBe(await readFile(out, "utf8"));
    expect(markdown.code).toBe(0);
    expect(markdown.stdout).toContain("keeps what is logged for `30` days (was `365` days)");
    expect(markdown.stdout + markdown.stderr).not.toContain(clone.path);
  }, 120_000);

  it.each([
    [["--format", "pdf"], '--format is markdown, html, json, not "pdf"'],
    [["--fail-on", "everything"], "--fail-on takes delete, replace, create"],
    [["--full-report-url", "javascript:alert(1)"], "--full-report-url takes an address that begins with https://"],
    [["--live"], "--live needs --stack"],
    [["--live", "--head", "main"], "--live compares the working tree"],
    [["--local"], "--local belongs to --live"],
    [["--base", "--output=x"], "--base"],
    [["--base=--output=x"], "is no commit of this repository"],
    [["main"], "Not understood"],
  ])("refuses %j", async (args, message) => {
    const ended = await diff(...args);

    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(message);
  });
});
