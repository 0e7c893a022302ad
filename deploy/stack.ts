/** `npm run preview|up|refresh|destroy -- <stack>`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { UserError } from "../line/user-error.ts";
import { parseCommandLine, runCommand } from "./command-line.ts";
import { tellConsoleSteps } from "./console-steps.ts";
import { formatFingerprint, requireFingerprint, takeFingerprint } from "./fingerprint.ts";
import { stackFile } from "./local-settings.ts";
import { localDataDir, localEnvironment, localStack, runLocally } from "./local-stack.ts";
import { tryNewChannelIn } from "./new-channel.ts";
import { followAliases } from "./promotion/aliases.ts";
import { installHint, type PulumiCommand, runPulumi, withSettings } from "./pulumi-command.ts";
import { makeLocalStack, type StackPlace, withPlaces } from "./stack-place.ts";
import { readSettings } from "./stack-settings.ts";

const kinds = ["preview", "up", "refresh", "destroy"] as const;
type Kind = (typeof kinds)[number];

const command = (kind: string) =>
  ({
    usage: `npm run ${kind} -- <stack> [--local] [--expect <fingerprint>] [--engine embedded|pulumi] [--yes] [--diff] [--refresh] [--expect-no-changes] [--target <urn>] [--replace <urn>] [--parallel <n>] [--port <n>]`,
    options: {
      local: { type: "boolean" },
      expect: { type: "string" },
      engine: { type: "string" },
      yes: { type: "boolean", short: "y" },
      diff: { type: "boolean" },
      refresh: { type: "boolean" },
      "expect-no-changes": { type: "boolean" },
      target: { type: "string", multiple: true },
      replace: { type: "string", multiple: true },
      parallel: { type: "string" },
      port: { type: "string" },
    },
    words: 1,
  }) as const;

type Values = ReturnType<typeof parseCommandLine<ReturnType<typeof command>["options"]>>["values"];

async function main(): Promise<number> {
  const [kind, ...args] = process.argv.slice(2);
  if (!isKind(kind)) throw new UserError(`One of ${kinds.join(", ")} is needed, not ${JSON.stringify(kind)}`);
  const { values, positionals } = parseCommandLine(command(kind), args);
  const [stack = ""] = positionals;
  if (values.expect !== undefined && kind !== "up") {
    throw new UserError("--expect belongs to `npm run up`: `npm run preview` prints the fingerprint that it takes.");
  }
  return withPlaces([stack], values, async ([place]) => {
    const run = chooseEngine(place, values.engine);
    if (values.expect !== undefined) requireFingerprint(values.expect, await takeFingerprint(place));
    const code = await run(kind, place, values);
    if (kind === "up" && code !== 0)
      await followAliases(place, (targets) => run("refresh", place, { yes: true, target: targets }));
    if (kind === "preview" && code === 0) await tellFingerprint(place);
    return code;
  });
}

const isKind = (word: string | undefined): word is Kind => kinds.some((kind) => kind === word);

type Run = (kind: Kind, place: StackPlace, values: Values) => Promise<number>;

/** @throws {UserError} where the stack is not for this engine. */
function chooseEngine({ stack, target }: StackPlace, engine = target === undefined ? "pulumi" : "embedded"): Run {
  if (engine === "pulumi") return handOver;
  if (engine !== "embedded") throw new UserError(`--engine is embedded or pulumi, not ${JSON.stringify(engine)}`);
  if (target !== undefined) return runEmbedded;
  throw new UserError(
    `Stack ${stack} is on AWS, and the embedded engine deploys only to this machine (stack ${localStack}, or any with --local).`,
  );
}

async function tellFingerprint(place: StackPlace): Promise<void> {
  const fingerprint = await takeFingerprint(place).catch((error: unknown) => {
    // Sources that were downloaded without their repository can be previewed all the same.
    if (error instanceof UserError) return error;
    throw error;
  });
  if (fingerprint instanceof UserError) return console.log(`No fingerprint: ${fingerprint.message}`);
  const text = formatFingerprint(fingerprint);
  const where = place.target === undefined || place.stack === localStack ? "" : " --local";
  console.log(`Fingerprint: ${text}\nTo deploy just this: npm run up -- ${place.stack}${where} --expect ${text}`);
}

const stopping = new AbortController();

async function runEmbedded(kind: Kind, { stack, target, pulumi }: StackPlace, values: Values): Promise<number> {
  if (target === undefined) throw new Error(`${stack} is not on this machine`);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stopping.abort());
  const { result, newChannel } = await runLocally(kind, target, {
    stack,
    configFile: pulumi.configFile,
    signal: stopping.signal,
    diff: values.diff ?? false,
    refresh: values.refresh ?? false,
    expectNoChanges: values["expect-no-changes"] ?? false,
    targets: values.target ?? [],
    replace: values.replace ?? [],
    ...(values.parallel === undefined ? {} : { parallel: Number(values.parallel) }),
  });
  if (kind === "up" && newChannel !== undefined) tellConsoleSteps({ apiUrl: new URL(target.lineUrl), ...newChannel });
  return result === "succeeded" ? 0 : 1;
}

/** Runs the CLI with the person's terminal, and says what could be typed instead. */
async function handOver(kind: Kind, place: StackPlace, values: Values): Promise<number> {
  const cli = await toCli(place);
  const args = withSettings(cli, [kind, "--stack", place.stack, ...toFlags(values)]);
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
  const cli = { ...pulumi, name: "pulumi", file: "pulumi", env: localEnvironment(target) };
  await makeLocalStack({ ...place, pulumi: cli });
  return stack === localStack ? { ...cli, configFile: await writeWhereLineIs(target.lineUrl) } : cli;
}

/** The local stack's file names the simulator's usual port. */
async function writeWhereLineIs(lineUrl: string): Promise<string | undefined> {
  const settings = parseDocument(await readFile(stackFile(localStack), "utf8"));
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

const ownOptions = new Set(["engine", "port", "local", "expect"]);

function toFlags(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (ownOptions.has(name)) return [];
    if (value === true) return [`--${name}`];
    return [value].flat().flatMap((item) => (typeof item === "string" ? [`--${name}`, item] : []));
  });
}

await runCommand(main);
