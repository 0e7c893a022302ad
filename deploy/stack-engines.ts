/** The two that carry out an operation on a stack: the embedded engine on this machine, and the Pulumi CLI. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { tellConsoleSteps } from "./console-steps.ts";
import { stackFile } from "./local-settings.ts";
import { localDataDir, localEnvironment, localStack, runLocally } from "./local-stack.ts";
import { tryNewChannelIn } from "./new-channel.ts";
import { installHint, type PulumiCommand, runPulumi, withSettings } from "./pulumi-command.ts";
import { makeLocalStack, type StackPlace } from "./stack-place.ts";
import { readSettings } from "./stack-settings.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

export const operations = ["preview", "up", "refresh", "destroy"] as const;
export type Operation = (typeof operations)[number];

/** In the words of Pulumi's own flags. */
interface OperationFlags {
  yes?: boolean | undefined;
  diff?: boolean | undefined;
  refresh?: boolean | undefined;
  "expect-no-changes"?: boolean | undefined;
  target?: string[] | undefined;
  replace?: string[] | undefined;
  parallel?: string | undefined;
  "policy-pack"?: string[] | undefined;
}

/** Shows the operation as it runs. Its exit code, as Pulumi has it. */
export type RunOperation = (operation: Operation, place: StackPlace, flags: OperationFlags) => Promise<number>;

/** @throws {UserError} where the stack is not for this engine. */
export function chooseEngine(
  { stack, target }: StackPlace,
  engine = target === undefined ? "pulumi" : "embedded",
): RunOperation {
  if (engine === "pulumi") return handOver;
  if (engine !== "embedded") throw new UserError(`--engine is embedded or pulumi, not ${JSON.stringify(engine)}`);
  if (target !== undefined) return runEmbedded;
  throw new UserError(
    `Stack ${stack} is on AWS, and the embedded engine deploys only to this machine (stack ${localStack}, or any with --local).`,
  );
}

const packHint =
  "The embedded engine takes no policy packs: leave --policy-pack out, or let the Pulumi CLI do it with --engine pulumi.";

let stopping: AbortSignal | undefined;

async function runEmbedded(kind: Operation, place: StackPlace, flags: OperationFlags): Promise<number> {
  const { stack, target, pulumi } = place;
  if (target === undefined) throw new Error(`${stack} is not on this machine`);
  if (flags["policy-pack"] !== undefined) throw new UserError(packHint);
  stopping ??= stopOnSignal();
  const { result, newChannel } = await runLocally(kind, target, {
    stack,
    configFile: pulumi.configFile,
    signal: stopping,
    diff: flags.diff ?? false,
    refresh: flags.refresh ?? false,
    expectNoChanges: flags["expect-no-changes"] ?? false,
    targets: flags.target ?? [],
    replace: flags.replace ?? [],
    ...(flags.parallel === undefined ? {} : { parallel: Number(flags.parallel) }),
  });
  if (kind === "up" && newChannel !== undefined) tellConsoleSteps({ apiUrl: new URL(target.lineUrl), ...newChannel });
  return result === "succeeded" ? 0 : 1;
}

/** Runs the CLI with the person's terminal, and says what could be typed instead. */
async function handOver(kind: Operation, place: StackPlace, flags: OperationFlags): Promise<number> {
  const cli = await toCli(place);
  const args = withSettings(cli, [kind, "--stack", place.stack, ...toArguments(flags)]);
  console.error(`> pulumi ${args.join(" ")}`);
  const startedAtMs = Date.now();
  const child = spawn(cli.file, args, { cwd: cli.cwd, stdio: "inherit", env: cli.env });
  // A terminal's Ctrl+C reaches the CLI too, which stops in its own way.
  process.on("SIGINT", () => {});
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    if (kind === "up") await tellAfterFirst({ ...place, pulumi: cli }, startedAtMs);
    return code ?? 1;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") throw new UserError(installHint);
    throw error;
  }
}

/** The Pulumi CLI, also for a stack of this machine: with what the embedded engine does by itself. */
async function toCli(place: StackPlace): Promise<PulumiCommand> {
  const { pulumi, target, stack } = place;
  if (target === undefined) return pulumi;
  const configFile =
    (stack === localStack ? await writeWhereLineIs(target.lineUrl, pulumi.configFile) : undefined) ?? pulumi.configFile;
  await makeLocalStack({ ...place, pulumi: { ...pulumi, configFile } });
  return { ...pulumi, name: "pulumi", file: "pulumi", env: localEnvironment(target), configFile };
}

/** The local stack's file names the simulator's usual port. */
export async function writeWhereLineIs(lineUrl: string, from = stackFile(localStack)): Promise<string | undefined> {
  const settings = parseDocument(await readFile(from, "utf8"));
  if (settings.getIn(["config", "line:apiUrl"]) === lineUrl) return undefined;
  settings.setIn(["config", "line:apiUrl"], lineUrl);
  const file = path.join(localDataDir, `Pulumi.${localStack}.yaml`);
  await writeFile(file, String(settings));
  return file;
}

/** Also where the deployment failed: the channel may have been set before that. */
async function tellAfterFirst({ pulumi, stack, target }: StackPlace, sinceMs: number): Promise<void> {
  const { code, stdout } = await runPulumi(pulumi, ["stack", "export", "--stack", stack]);
  // What hinders this has hindered the deployment too, which said so.
  if (code !== 0) return;
  const newChannel = tryNewChannelIn(JSON.parse(stdout), sinceMs);
  if (newChannel === undefined) return;
  const { apiUrl, channelId } = await readSettings(pulumi, stack, target);
  tellConsoleSteps({ apiUrl, channelId, ...newChannel });
}

function toArguments(flags: OperationFlags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`];
    return [value].flat().flatMap((item) => (typeof item === "string" ? [`--${name}`, item] : []));
  });
}
