/** `npm run preview|up|refresh|destroy -- <stack>`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { UserError } from "../line/user-error.ts";
import { parseCommandLine, runCommand } from "./command-line.ts";
import { tellConsoleSteps } from "./console-steps.ts";
import {
  type DeployTarget,
  localDataDir,
  localEnvironment,
  localStack,
  root,
  runLocally,
  withLocalCloud,
} from "./local-stack.ts";
import { tryNewChannelIn } from "./new-channel.ts";
import { installHint, type PulumiCommand, pulumiFor, pulumiText, runPulumi } from "./pulumi-command.ts";
import { readSettings } from "./stack-settings.ts";

const kinds = ["preview", "up", "refresh", "destroy"] as const;
type Kind = (typeof kinds)[number];

const command = (kind: string) =>
  ({
    usage: `npm run ${kind} -- <stack> [--engine embedded|pulumi] [--yes] [--diff] [--refresh] [--expect-no-changes] [--target <urn>] [--replace <urn>] [--parallel <n>] [--port <n>]`,
    options: {
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
  const engine = values.engine ?? (stack === localStack ? "embedded" : "pulumi");
  if (stack !== localStack) {
    if (engine !== "pulumi")
      throw new UserError(
        `Stack ${stack} is on AWS, and the embedded engine deploys only to this machine (stack ${localStack}).`,
      );
    return handOver(kind, stack, values);
  }
  if (engine !== "embedded" && engine !== "pulumi")
    throw new UserError(`--engine is embedded or pulumi, not ${JSON.stringify(engine)}`);
  return withLocalCloud(values.port, (target) =>
    engine === "pulumi" ? handOver(kind, stack, values, target) : runEmbedded(kind, target, values),
  );
}

const isKind = (word: string | undefined): word is Kind => kinds.some((kind) => kind === word);

async function runEmbedded(kind: Kind, target: DeployTarget, values: Values): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
  const { result, newChannel } = await runLocally(kind, target, {
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
async function handOver(kind: Kind, stack: string, values: Values, target?: DeployTarget): Promise<number> {
  const pulumi = { ...pulumiFor(undefined), ...(target === undefined ? {} : { env: localEnvironment(target) }) };
  const local = target === undefined ? [] : await prepareLocalStack(pulumi, target);
  const args = [kind, "--stack", stack, ...toFlags(values), ...local];
  console.error(`> pulumi ${args.join(" ")}`);
  const startedAtMs = Date.now();
  const child = spawn(pulumi.file, args, { cwd: pulumi.cwd, stdio: "inherit", env: pulumi.env });
  // A terminal's Ctrl+C reaches the CLI too, which stops in its own way.
  process.on("SIGINT", () => {});
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    if (kind === "up") await tellAfterFirst(pulumi, stack, startedAtMs, target);
    return code ?? 1;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") throw new UserError(installHint);
    throw error;
  }
}

/** What the embedded engine does by itself: makes the stack, and tells the program where this simulator listens. */
async function prepareLocalStack(pulumi: PulumiCommand, { lineUrl }: DeployTarget): Promise<string[]> {
  const { code } = await runPulumi(pulumi, ["stack", "export", "--stack", localStack]);
  if (code !== 0) await pulumiText(pulumi, ["stack", "init", localStack]);
  const settings = parseDocument(await readFile(path.join(root, `Pulumi.${localStack}.yaml`), "utf8"));
  if (settings.getIn(["config", "line:apiUrl"]) === lineUrl) return [];
  settings.setIn(["config", "line:apiUrl"], lineUrl);
  const file = path.join(localDataDir, `Pulumi.${localStack}.yaml`);
  await writeFile(file, String(settings));
  return ["--config-file", file];
}

/** Also where the deployment failed: the channel may have been set before that. */
async function tellAfterFirst(
  pulumi: PulumiCommand,
  stack: string,
  sinceMs: number,
  target: DeployTarget | undefined,
): Promise<void> {
  const { code, stdout } = await runPulumi(pulumi, ["stack", "export", "--stack", stack]);
  // What hinders this has hindered the deployment too, which said so.
  if (code !== 0) return;
  const newChannel = tryNewChannelIn(JSON.parse(stdout), sinceMs);
  if (newChannel === undefined) return;
  const { apiUrl, channelId } = await readSettings(pulumi, stack, target);
  tellConsoleSteps({ apiUrl, channelId, ...newChannel });
}

function toFlags({ engine: _engine, port: _port, ...values }: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`];
    return [value].flat().flatMap((item) => (typeof item === "string" ? [`--${name}`, item] : []));
  });
}

await runCommand(main);
