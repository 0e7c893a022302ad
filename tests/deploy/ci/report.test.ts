import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import * as v from "valibot";
import { reportSchema } from "@pulumi-line-bot/infra-diff/model";
import { makeInstalledClone } from "../../support/clone.ts";
import { runScript } from "./script.ts";

test(
  "compares what is checked out with what it is merged into, without credentials",
  { timeout: 300_000 },
  async () => {
    await using clone = await makeInstalledClone();
    const git = (...args: string[]) =>
      promisify(execFile)("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: clone.path });
    const file = path.join(clone.path, "Pulumi.local.yaml");
    // What is left out here is compared by the command's own test.
    await Promise.all(["dev", "prod"].map((stack) => rm(path.join(clone.path, `Pulumi.${stack}.yaml`))));
    await git("init", "--quiet", "--initial-branch=main");
    // A link to dependencies, which is none of the sources.
    await writeFile(path.join(clone.path, ".git/info/exclude"), "node_modules\n");
    await git("add", "--all");
    await git("commit", "--quiet", "--message=base");
    await git("switch", "--quiet", "--create", "feature");
    const settings = await readFile(file, "utf8");
    // What is pinned is not what this clone builds: that concerns deployments, and no report.
    const pinned = `${settings.replace("logRetentionDays: 1\n", "logRetentionDays: 3\n")}  line-bot:artifact: ${"f".repeat(64)}\n`;
    await writeFile(file, pinned);
    await git("commit", "--quiet", "--all", "--message=keep logs for longer");
    await git("switch", "--quiet", "main");
    await git("merge", "--quiet", "--no-ff", "--message=merged", "feature");
    const { stdout: base } = await git("rev-parse", "HEAD^1");

    const { code, summary, folder, stderr } = await runScript("report.ts", { cwd: clone.path });

    expect(stderr).not.toMatch(/error/i);
    expect(code).toBe(0);
    const text = await readFile(path.join(folder, "infrastructure-diff", "report.json"), "utf8");
    const report = v.parse(reportSchema, JSON.parse(text));
    expect(report.base.commit).toBe(base.trim());
    const local = report.stacks.find(({ stack }) => stack === "local");
    const changed = local?.changes.flatMap(({ properties }) =>
      properties.map(({ path: of, former, now }) => [of, former, now]),
    );
    expect(changed).toContainEqual(["retentionInDays", 1, 3]);
    expect(local?.settings.map(({ path: of }) => of)).toContain("line-bot:artifact");
    expect(summary).toContain("retentionInDays");
    const page = await readFile(path.join(folder, "infrastructure-diff", "report.html"), "utf8");
    expect(page).toContain("retentionInDays");
  },
);
