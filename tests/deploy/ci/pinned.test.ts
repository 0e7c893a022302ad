import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeInstalledClone } from "../../support/clone.ts";
import { runScript } from "./script.ts";

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
/** Merged, and proved; merged since; never merged. */
const commits = { proved: "", later: "", other: "" };

const git = async (...args: string[]) => {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  const { stdout } = await promisify(execFile)("git", [...author, ...args], { cwd: clone.path });
  return stdout.trim();
};
const write = (file: string, text: string) => writeFile(path.join(clone.path, file), text);

async function commit(text: string): Promise<string> {
  await write("functions/greeting.txt", text);
  await git("add", "--all");
  await git("commit", "--quiet", `--message=${text}`);
  return git("rev-parse", "HEAD");
}

beforeAll(async () => {
  clone = await makeInstalledClone();
  await git("init", "--quiet", "--initial-branch=main");
  await write(".git/info/exclude", "node_modules\n");
  commits.proved = await commit("proved");
  commits.later = await commit("later");
  await git("switch", "--quiet", "--create", "other", commits.proved);
  commits.other = await commit("other");
  await git("switch", "--quiet", "main");
}, 300_000);
afterAll(() => clone[Symbol.asyncDispose]());

async function pin(config: Record<string, string>) {
  const rows = Object.entries(config).map(([key, value]) => `  line-bot:${key}: "${value}"\n`);
  await write("Pulumi.prod.yaml", `config:\n${rows.join("")}`);
  return runScript("pinned.ts", { args: ["prod"], cwd: clone.path });
}
const artifact = "f".repeat(64);

test("takes the pinned commit's sources, and the stack's file as it was merged", async () => {
  const { code, output, folder } = await pin({ artifact, commit: commits.proved });

  expect(code).toBe(0);
  const pinned = path.join(folder, "pinned");
  expect(output).toBe(`folder=${pinned}\n`);
  expect(await readFile(path.join(pinned, "functions/greeting.txt"), "utf8")).toBe("proved");
  expect(await readFile(path.join(pinned, "Pulumi.prod.yaml"), "utf8")).toContain(commits.proved);
  expect(await readFile(path.join(clone.path, "functions/greeting.txt"), "utf8")).toBe("later");
});

test("takes this commit's sources where no commit is pinned", async () => {
  expect(await pin({ protect: "true" })).toMatchObject({ code: 0, output: `folder=${clone.path}\n` });
});

test.each([
  ["that was never merged", () => commits.other],
  ["that is not there", () => "0".repeat(40)],
  ["that is a name", () => "other"],
])("refuses a commit %s", async (_which, find) => {
  const { code, output, stderr } = await pin({ artifact, commit: find() });

  expect(code).toBe(1);
  expect(output).toBe("");
  expect(stderr).toMatch(/^Pulumi\.prod\.yaml pins the commit \w+, which is not part of this branch's history/);
});
