import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { toolEnvironment } from "@pulumi-line-bot/kit/tool-environment";

const root = path.join(import.meta.dirname, "..", "..");
const canary = "canary-5f3a9c";
const secrets = {
  PULUMI_CONFIG: JSON.stringify({ "line:channelSecret": canary }),
  PULUMI_CONFIG_PASSPHRASE: canary,
  AWS_SECRET_ACCESS_KEY: canary,
};

/** Runs a module's text as Pulumi runs the program: in its folder, with the stack's secrets in the environment. */
async function runProgram(text: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", text], {
    cwd: path.join(root, "infra"),
    env: { ...process.env, ...secrets, ...env },
  });
  return stdout;
}

describe("a child of the program", () => {
  it.runIf(process.platform === "linux")("esbuild has none of the stack's secrets in its environment", async () => {
    const said = await runProgram(`
      import { readdirSync, readFileSync } from "node:fs";
      const { bundle } = await import("./artifact.ts");
      await bundle("../functions/webhook.ts");
      const children = readdirSync("/proc").filter((pid) => /^\\d+$/.test(pid)).flatMap((pid) => {
        try {
          const stat = readFileSync(\`/proc/\${pid}/stat\`, "utf8");
          const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
          return parent === process.pid ? [readFileSync(\`/proc/\${pid}/environ\`, "utf8")] : [];
        } catch (error) {
          if (["ENOENT", "ESRCH", "EACCES"].includes(error.code)) return [];
          throw error;
        }
      });
      console.log(JSON.stringify({ children, isOwnKept: process.env.PULUMI_CONFIG_PASSPHRASE !== undefined }));
      process.exit();`);

    const { children, isOwnKept } = JSON.parse(said) as { children: string[]; isOwnKept: boolean };
    expect(children).toHaveLength(1);
    expect(children[0]).toContain("PATH=");
    expect(children[0]).not.toContain(canary);
    expect(isOwnKept).toBe(true);
  });

  it("git has none of the stack's secrets in its environment", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "git-"));
    await writeFile(path.join(folder, "git"), `#!/bin/sh\nenv > "${folder}/environment"\n`);
    await chmod(path.join(folder, "git"), 0o755);

    await runProgram(`await (await import("./other-bytes.ts")).explainOtherBytes(undefined);`, {
      PATH: `${folder}:${process.env["PATH"]}`,
    });

    const environment = await readFile(path.join(folder, "environment"), "utf8");
    expect(environment).toContain("HOME=");
    expect(environment).not.toContain(canary);
  });
});

describe("the environment of a tool", () => {
  it("has what finds programs, folders and languages, and nothing else that may be secret", () => {
    const known = { PATH: "/bin", HOME: "/home/ann", LC_ALL: "C", https_proxy: "http://proxy", GIT_DIR: "/repo/.git" };
    const others = {
      ...secrets,
      GITHUB_TOKEN: "t",
      GIT_TOKEN: "t",
      NODE_OPTIONS: "--require x",
      npm_config__auth: "t",
    };

    expect(toolEnvironment({ ...known, ...others })).toEqual(known);
  });
});
