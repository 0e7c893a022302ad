/** Two ways to run the account's program: offline, for previews and the local stack, and with the Pulumi CLI on AWS. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { startLocalAws } from "@pulumi-line-bot/aws-offline/aws";
import { createDisplay } from "@pulumi-line-bot/pulumi-engine/display/display";
import { runStackOperation } from "@pulumi-line-bot/pulumi-engine/engine";
import { localEnvironment, root } from "../local-stack.ts";
import {
  installHint,
  noStackExitCode,
  type PulumiCommand,
  pulumiJson,
  pulumiText,
  runPulumi,
} from "../pulumi-command.ts";
import { type AccountOutputs, accountOutputs } from "./next-steps.ts";
import { type AccountSettings, accountFile, accountProgram, toStackFile } from "./settings.ts";

export interface AccountEngine extends AsyncDisposable {
  /** Shows what would be done. @returns whether that can be done. */
  preview(): Promise<boolean>;
  /** Does it, and shows it. @returns whether all of it was done. */
  up(): Promise<boolean>;
  outputs(): Promise<AccountOutputs>;
}

/** The state holds nothing that is secret: an empty passphrase guards it. */
const passphrase = { PULUMI_CONFIG_PASSPHRASE: "" };

/** Runs with the embedded engine and the offline provider, in the data folder or in one that is gone afterwards. */
export async function openOffline(settings: AccountSettings, dataDir: string | undefined): Promise<AccountEngine> {
  const { stack, account, region } = settings;
  await using opened = new AsyncDisposableStack();
  const folder = dataDir ?? (await mkdtemp(path.join(tmpdir(), "line-bot-account-")));
  if (dataDir === undefined) opened.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(folder, { recursive: true });
  const configFile = path.join(folder, `Pulumi.${stack}.yaml`);
  await writeFile(configFile, await toStackFile(settings));
  const aws = await startLocalAws({ dataDir: path.join(folder, "aws"), accountId: account, region });
  opened.defer(() => aws.close());
  const { stdout } = process;
  const run = async (kind: "preview" | "up") => {
    const display = createDisplay({
      stream: stdout,
      isTerminal: stdout.isTTY,
      color: stdout.hasColors?.() ?? false,
      title: `${kind === "preview" ? "Previewing" : "Updating"} (${stack}):`,
      preview: kind === "preview",
      diff: false,
    });
    try {
      return await runStackOperation({
        kind,
        projectDir: accountProgram,
        stack,
        backendUrl: `file://${folder}`,
        env: localEnvironment({ env: passphrase }),
        attachedProviders: { aws: aws.providerPort },
        configFile,
        createStack: true,
        onEvent: (event) => display.onEvent(event),
      });
    } finally {
      display.close();
    }
  };
  let made: unknown;
  const parts = opened.move();
  return {
    preview: async () => (await run("preview")).result === "succeeded",
    async up() {
      const { result, outputs } = await run("up");
      made = outputs;
      return result === "succeeded";
    },
    outputs: () => Promise.resolve(v.parse(accountOutputs, made)),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Runs with the Pulumi CLI, which asks AWS with the person's own credentials. */
export async function openOnAws(settings: AccountSettings, backend: string): Promise<AccountEngine> {
  const pulumi = accountPulumi(backend);
  const { stack } = settings;
  await writeFile(accountFile(stack), await toStackFile(settings));
  await requireStack(pulumi, stack);
  return {
    preview: async () => (await show(pulumi, ["preview", "--stack", stack])) === 0,
    up: async () => (await show(pulumi, ["up", "--yes", "--skip-preview", "--stack", stack])) === 0,
    outputs: async () =>
      v.parse(accountOutputs, await pulumiJson(pulumi, ["stack", "output", "--json", "--stack", stack])),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const accountPulumi = (backend: string): PulumiCommand => ({
  name: "pulumi",
  file: "pulumi",
  cwd: accountProgram,
  env: { ...process.env, ...passphrase, PULUMI_BACKEND_URL: backend },
});

async function requireStack(pulumi: PulumiCommand, stack: string): Promise<void> {
  const { code } = await runPulumi(pulumi, ["stack", "export", "--stack", stack]);
  if (code !== 0) await pulumiText(pulumi, ["stack", "init", stack]);
}

/** Runs in the person's terminal. */
async function show({ file, cwd, env }: PulumiCommand, args: string[]): Promise<number> {
  console.error(`> pulumi --cwd infra/account ${args.join(" ")}`);
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "inherit", "inherit"] });
  // A terminal's Ctrl+C reaches the CLI too, which stops in its own way.
  process.on("SIGINT", () => {});
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") throw new UserError(installHint);
    throw error;
  }
}

/** Until there is a bucket, the state of what makes it lies in a folder of the clone. */
const firstFolder = path.join(root, ".bootstrap");

/** Where the state is: in the bucket as soon as that is there, and the state was carried into it. */
export async function findBackend({ stack }: AccountSettings, bucket: string): Promise<string> {
  const first = `file://${firstFolder}`;
  const lookIn = (backend: string) => runPulumi(accountPulumi(backend), ["stack", "export", "--stack", stack]);
  if (existsSync(firstFolder) && (await lookIn(first)).code === 0) return first;
  const { code } = await lookIn(bucket);
  if (code === 0 || code === noStackExitCode) return bucket;
  await mkdir(firstFolder, { recursive: true });
  return first;
}

/** Carries the state from the clone's folder into the bucket. Stopped in between, it is carried again by the next run. */
export async function moveState(stack: string, from: string, to: string): Promise<void> {
  const [here, there] = [accountPulumi(from), accountPulumi(to)];
  const state = await pulumiText(here, ["stack", "export", "--stack", stack]);
  await requireStack(there, stack);
  await pulumiText(there, ["stack", "import", "--stack", stack], state);
  await pulumiText(here, ["stack", "rm", stack, "--yes", "--force", "--preserve-config"]);
}
