/** An installed clone whose `pulumi` is the embedded engine's command, and whose S3 is a folder. */
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import { accountProgram, toStackFile } from "../../../deploy/bootstrap/settings.ts";
import { startLocalAws } from "@pulumi-line-bot/aws-offline/aws";
import { runStackOperation } from "@pulumi-line-bot/pulumi-engine/engine";
import { makeInstalledClone } from "../../support/clone.ts";
import type { Statement } from "./iam.ts";

export const accountId = "123456789012";
const repository = { repository: "octo-org/line-bot", repositoryId: "456789", ownerId: "123456" };
export const options = [
  `--account=${accountId}`,
  `--repository=${repository.repository}`,
  `--repository-id=${repository.repositoryId}`,
  `--owner-id=${repository.ownerId}`,
];

export interface State {
  type: string;
  urn: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  protect?: boolean;
}

export async function openAccount() {
  const clone = await makeInstalledClone();
  const state = path.join(clone.path, ".test-state");
  const bucket = path.join(state, "bucket");
  const aws = await startLocalAws({ dataDir: path.join(state, "aws"), accountId });
  await mkdir(path.join(state, "bin"), { recursive: true });
  const command = path.join(state, "bin", "pulumi");
  await writeFile(
    command,
    `#!/bin/sh
case "$PULUMI_BACKEND_URL" in s3:*)
  [ -d ${bucket} ] || { echo "error: NoSuchBucket" >&2; exit 255; }
  export PULUMI_BACKEND_URL=file://${bucket};;
esac
[ "$1 $2" != "stack import" ] || [ ! -e ${state}/no-import ] || { echo "error: no connection" >&2; exit 255; }
${clone.path}/packages/pulumi-engine/bin/pulumi "$@" || exit $?
[ "$1" != up ] || mkdir -p ${bucket}
`,
  );
  await chmod(command, 0o755);
  const env = {
    PATH: `${path.dirname(command)}:${process.env["PATH"]}`,
    PULUMI_DEBUG_PROVIDERS: `aws:${aws.providerPort}`,
    // Anyone who asked GitHub in a test would get no answer.
    GITHUB_API_URL: "http://127.0.0.1:9",
  };
  const run = (file: string, args: string[], more: Record<string, string> = {}) =>
    spawnIn(clone.path, file, args, { ...env, ...more });
  return {
    path: clone.path,
    bucket,
    /** S3 takes nothing for as long as this file is there. */
    noImport: path.join(state, "no-import"),
    bootstrap: (...args: string[]) => run("node", ["deploy/run.cjs", "deploy/commands/bootstrap.ts", ...args]),
    pulumi: (...args: string[]) =>
      run(command, ["--cwd", "infra/account", ...args], {
        PULUMI_BACKEND_URL: "s3://state",
        PULUMI_CONFIG_PASSPHRASE: "",
      }),
    async [Symbol.asyncDispose]() {
      await aws.close();
      await clone[Symbol.asyncDispose]();
    },
  };
}

export type TestAccount = Awaited<ReturnType<typeof openAccount>>;

async function spawnIn(cwd: string, file: string, args: string[], env: Record<string, string>) {
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout: stripVTControlCharacters(stdout), stderr: stripVTControlCharacters(stderr) };
}

export async function readResources(folder: string, stack: string): Promise<State[]> {
  const file = path.join(folder, ".pulumi", "stacks", "line-bot-account", `${stack}.json`);
  const { checkpoint } = JSON.parse(await readFile(file, "utf8")) as {
    checkpoint: { latest: { resources?: State[] } };
  };
  return checkpoint.latest.resources ?? [];
}

/** What the program makes for a stack that has an account of its own. */
export async function makeOffline(stack: string): Promise<State[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "line-bot-account-"));
  const aws = await startLocalAws({ dataDir: path.join(folder, "aws"), accountId });
  try {
    const settings = { stack, account: accountId, region: "ap-northeast-1", project: "line-bot", existing: [] };
    const configFile = path.join(folder, "settings.yaml");
    await writeFile(configFile, await toStackFile({ ...settings, ...repository, credentialsSecret, credentialsKey }));
    const { result } = await runStackOperation({
      kind: "up",
      projectDir: accountProgram,
      stack,
      backendUrl: `file://${folder}`,
      env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "" },
      attachedProviders: { aws: aws.providerPort },
      configFile,
      createStack: true,
    });
    expect(result).toBe("succeeded");
    return await readResources(folder, stack);
  } finally {
    await aws.close();
    await rm(folder, { recursive: true });
  }
}

/** Filled by hand: the stack's configuration names it. */
export const credentialsSecret = `arn:aws:secretsmanager:ap-northeast-1:${accountId}:secret:line-channel-AbCdEf`;

/** Encrypts that secret. */
export const credentialsKey = `arn:aws:kms:ap-northeast-1:${accountId}:key/6d5f1a40-1c4e-4a55-9d55-6a1a0f0c2b11`;

/** The statements of all policies that a role has. */
export function statementsOf(resources: State[], role: string): Statement[] {
  return resources
    .filter(({ type, inputs }) => type === "aws:iam/rolePolicy:RolePolicy" && inputs["role"] === role)
    .flatMap(({ inputs }) => parseStatements(inputs["policy"]));
}

export function parseStatements(policy: unknown): Statement[] {
  return (JSON.parse(policy as string) as { Statement: Statement[] }).Statement;
}
