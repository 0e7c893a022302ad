import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Artifact } from "../../infra/artifact.ts";
import { readConfig } from "../../infra/config.ts";
import { explainOtherBytes, nodePackage } from "../../infra/other-bytes.ts";
import { requirePinned } from "../../infra/pin.ts";

const digest = "ab".repeat(32);
const other = "cd".repeat(32);
const commit = "0123456789abcdef0123456789abcdef01234567";
const built = (sha256: string): Artifact => ({ path: ".artifacts/bot.zip", sha256, size: 1 });

beforeEach(() =>
  pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "line-bot", "prod"),
);

describe("a pinned stack", () => {
  test("lets the pinned artifact through, and a stack without a pin lets any", async () => {
    await expect(requirePinned(built(digest), { artifact: digest, commit })).resolves.toEqual(built(digest));
    await expect(requirePinned(built(other), undefined)).resolves.toEqual(built(other));
  });

  test("refuses any other with both digests, the reasons and the commands that lead out", async () => {
    const refusal = requirePinned(built(other), { artifact: digest, commit });

    await expect(refusal).rejects.toBeInstanceOf(pulumi.RunError);
    await expect(refusal).rejects.toThrow(
      new RegExp(
        `prod is pinned to the artifact ${digest}, and this clone builds ${other}[^]*` +
          `git worktree add --detach \\.\\./pinned-01234567 ${commit}[^]*cp Pulumi\\.prod\\.yaml[^]*` +
          "npm run up -- prod[^]*npm run promote -- <stack> prod",
      ),
    );
  });

  test.each([
    ["line-bot:artifact", "latest", "64 hexadecimal digits"],
    ["line-bot:artifact", digest.toUpperCase(), "64 hexadecimal digits"],
    ["line-bot:commit", "main", "40 hexadecimal digits"],
  ])("has no %s like %s", (key, value, rule) => {
    pulumi.runtime.setAllConfig({ ...complete, [key]: value }, ["line:channelSecret"]);

    expect(readConfig).toThrow(new RegExp(`${key} in stack prod .* has to be .*${rule}`));
  });

  test("has the pin of its configuration", () => {
    pulumi.runtime.setAllConfig({ ...complete, "line-bot:artifact": digest, "line-bot:commit": commit }, [
      "line:channelSecret",
    ]);

    expect(readConfig().pin).toEqual({ artifact: digest, commit });
  });

  const complete = {
    "aws:region": "ap-northeast-1",
    "aws:allowedAccountIds": '["123456789012"]',
    "line:channelId": "2000000001",
    "line:channelSecret": "0123456789abcdef0123456789abcdef",
  };
});

describe("why a clone builds other bytes is reported", () => {
  let root = "";
  beforeEach(async () => {
    root = await realpath(await mkdtemp(path.join(tmpdir(), "pin-")));
    await write("functions/bot.ts", "export const bot = 1;\n");
    await write("package-lock.json", lock({ node: process.versions.node, esbuild: "1.0.0" }));
    await write("node_modules/.package-lock.json", lock({ node: process.versions.node, esbuild: "1.0.0" }));
    await write(".gitignore", "node_modules\n");
    git("init", "-q", "-b", "main");
    commitAll();
  });
  afterEach(() => rm(root, { recursive: true }));

  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd: root,
      encoding: "utf8",
    }).trim();
  const commitAll = () => {
    git("add", "-A");
    git("commit", "-qm", "all");
    return git("rev-parse", "HEAD");
  };
  const write = async (file: string, text: string) => {
    await mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  };
  const lock = (versions: Record<string, string>) =>
    JSON.stringify({
      packages: Object.fromEntries(
        Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version }]),
      ),
    });
  const explain = async (of?: string) =>
    (await explainOtherBytes(of, path.join(root, "functions"))).map(({ what, todo }) => `${what} ${todo}`);

  test("by the files that are not committed", async () => {
    await appendFile(path.join(root, "functions/bot.ts"), "//\n");
    await write("functions/new.ts", "");

    expect(await explain()).toEqual([
      expect.stringMatching(/^Not committed: functions\/bot\.ts, functions\/new\.ts\. Commit it/),
    ]);
  });

  test("by what has changed since the pinned commit, and not by the stack's file, which holds the pin", async () => {
    const pinned = git("rev-parse", "HEAD");
    await appendFile(path.join(root, "functions/bot.ts"), "//\n");
    await write("Pulumi.prod.yaml", "config: {}\n");
    const head = commitAll();

    expect(await explain(pinned)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^HEAD is ${head.slice(0, 8)}, and since ${pinned.slice(0, 8)} these have changed: functions/bot\\.ts\\.`,
        ),
      ),
    ]);
  });

  test("by a commit that was never fetched", async () => {
    expect(await explain(commit)).toContainEqual(expect.stringMatching(/01234567 is not in this clone.*git fetch/));
  });

  test("by a lock file that is not the commit's", async () => {
    const pinned = git("rev-parse", "HEAD");
    await write("package-lock.json", lock({ node: process.versions.node, esbuild: "1.0.0", valibot: "1.0.0" }));
    await write(
      "node_modules/.package-lock.json",
      lock({ node: process.versions.node, esbuild: "1.0.0", valibot: "1.0.0" }),
    );

    expect(await explain(pinned)).toContainEqual(
      expect.stringMatching(/^package-lock\.json is not that of .*git checkout .* -- package-lock\.json && npm ci/),
    );
  });

  test("by packages that are not the lock file's, or not there", async () => {
    await write("node_modules/.package-lock.json", lock({ node: process.versions.node, esbuild: "1.0.1" }));
    expect(await explain()).toEqual([expect.stringMatching(/node_modules is not as .*: esbuild\. `npm ci`$/)]);

    await write("node_modules/.package-lock.json", lock({ node: process.versions.node }));
    expect(await explain()).toEqual([expect.stringMatching(/: esbuild\. `npm ci`$/)]);
  });

  test("by another Node", async () => {
    await write("package-lock.json", lock({ [nodePackage]: "1.2.3", esbuild: "1.0.0" }));
    await write("node_modules/.package-lock.json", lock({ [nodePackage]: "1.2.3", esbuild: "1.0.0" }));
    commitAll();

    expect(await explain()).toEqual([
      expect.stringMatching(new RegExp(`^This is Node ${process.versions.node}, and the lock file has 1\\.2\\.3\\.`)),
    ]);
  });

  test("also where nothing of that is so, and where there is no repository", async () => {
    const pinned = git("rev-parse", "HEAD");
    expect(await explain(pinned)).toEqual([
      expect.stringMatching(/are the same: something in node_modules was edited/),
    ]);
    expect(await explain()).toEqual([expect.stringMatching(/as HEAD has it.*of another commit/)]);

    await rm(path.join(root, ".git"), { recursive: true });
    expect(await explain()).toEqual([expect.stringMatching(/is no clone of a git repository/)]);
  });
});
