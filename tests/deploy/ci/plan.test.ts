import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLocalAws } from "@pulumi-line-bot/aws-offline/aws";
import { makeInstalledClone } from "../../support/clone.ts";
import { runScript } from "./script.ts";

const accountId = "123456789012";
const secret = "0123456789abcdef0123456789abcdef";

/** A clone with a stack that was never deployed; its `pulumi` is the embedded engine's. */
let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let env: Record<string, string>;

beforeAll(async () => {
  clone = await makeInstalledClone();
  const { path: folder } = clone;
  const state = path.join(folder, ".state");
  await mkdir(path.join(state, "bin"), { recursive: true });
  await writeExecutable(path.join(state, "bin/pulumi"), `exec ${folder}/packages/pulumi-engine/bin/pulumi "$@"`);
  env = {
    PATH: `${state}/bin:${process.env["PATH"]}`,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "of the test",
  };
  const run = (file: string, ...args: string[]) =>
    promisify(execFile)(file, args, { cwd: folder, env: { ...env, PWD: folder } });
  await run("git", "init", "--quiet");
  await run("pulumi", "stack", "init", "prod");
  await run(
    "pulumi",
    "config",
    "set",
    "--path",
    "--type",
    "string",
    "aws:allowedAccountIds[0]",
    accountId,
    "-s",
    "prod",
  );
  await run("pulumi", "config", "set", "line:channelId", "2000000001", "-s", "prod");
  await run("pulumi", "config", "set", "--secret", "line:channelSecret", secret, "-s", "prod");
}, 300_000);
afterAll(() => clone[Symbol.asyncDispose]());

async function writeExecutable(file: string, line: string) {
  await writeFile(file, `#!/bin/sh\n${line}\n`);
  await chmod(file, 0o755);
}

const plan = (more: Record<string, string> = {}) =>
  runScript("plan.ts", { args: ["prod"], cwd: clone.path, env: { ...env, ...more } });

test("shows what would be deployed on the run's page, and hands on the fingerprint of just that", async () => {
  const aws = await startLocalAws({ dataDir: path.join(clone.path, ".state/aws"), accountId });
  try {
    const { code, output, summary } = await plan({ PULUMI_DEBUG_PROVIDERS: `aws:${aws.providerPort}` });

    expect(code).toBe(0);
    const [, fingerprint = "none"] = /^fingerprint=([0-9a-f]{64}(?:-[0-9a-f]{64}){3})\n$/.exec(output ?? "") ?? [];
    expect(summary).toContain(`npm run up -- prod --expect ${fingerprint}`);
    expect(summary).toContain("| + | `bot-worker` | `Function` |");
    expect(summary).not.toContain(secret);
  } finally {
    await aws.close();
  }
}, 300_000);

test("approves nothing where the plan fails, and shows why", async () => {
  const { code, output, summary } = await plan({ PULUMI_DEBUG_PROVIDERS: "aws:9" });

  expect(code).not.toBe(0);
  expect(output).toBe("");
  expect(summary).toContain("no provider for package 'aws' answers on port 9");
}, 300_000);

test("is of an account whose number the configuration has as text, as AWS's provider and SDK want it", async () => {
  expect(await readFile(path.join(clone.path, "Pulumi.prod.yaml"), "utf8")).toMatch(/- ["']123456789012["']/);
});

describe("a stack that is changed meanwhile", () => {
  test("is planned again, and not approved", async () => {
    const file = path.join(clone.path, "deploy/commands/diff.ts");
    const settings = path.join(clone.path, "Pulumi.prod.yaml");
    const before = await readFile(settings, "utf8");
    await writeFile(
      file,
      `import { appendFileSync } from "node:fs";\nappendFileSync(${JSON.stringify(settings)}, "#\\n");\n`,
    );

    const { code, output, stderr } = await plan();
    await writeFile(settings, before);

    expect(code).toBe(1);
    expect(output).toBe("");
    expect(stderr).toContain("Stack prod was changed while this plan was made: run this again.");
  });
});
