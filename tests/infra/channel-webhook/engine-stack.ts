import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type EngineEvent, runStackOperation, type StackOperation } from "@pulumi-line-bot/pulumi-engine/engine";
import type { Properties } from "../../../infra/channel-webhook/inputs.ts";
import type { Resource, Stack, Step } from "./stack.ts";

const repository = path.resolve(import.meta.dirname, "../../..");

/** A program that has nothing of this project's but the resource; the package's front door would load AWS as well. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import { LineChannelWebhook } from ${JSON.stringify(path.join(repository, "infra/channel-webhook/resource.ts"))};
const hook = new LineChannelWebhook("bot", new pulumi.Config().requireObject("inputs"));
export const webhookActive = hook.active;
`;

/** Loaded into each process of an operation: the one for dynamic resources leaves its id, and waits for a moment only. */
const preload = (pidFile: string) => `
import { writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
if (process.argv[1]?.includes("dynamic-provider")) {
  writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
  const { setTimeout } = timers;
  timers.setTimeout = (milliseconds, ...rest) => setTimeout(milliseconds / 100, ...rest);
  syncBuiltinESMExports();
}
`;

export interface EngineProject extends AsyncDisposable {
  /** A stack of this name, empty. */
  createStack(name: string): Promise<Stack>;
}

interface Done {
  succeeded: boolean;
  changes: Record<string, number>;
  said: string;
}
type Operate = (kind: StackOperation["kind"], inputs: Properties) => Promise<Done>;

/**
 * A Pulumi project of its own, as a user's is, with this package installed. Its stacks are deployed by the embedded
 * engine in this process, or by a command that takes the Pulumi CLI's words.
 */
export async function createEngineProject(env: Record<string, string>, command?: string): Promise<EngineProject> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), "webhook-project-")));
  await mkdir(path.join(folder, "node_modules"));
  await mkdir(path.join(folder, "state"));
  await symlink(repository, path.join(folder, "node_modules", "pulumi-line-bot"));
  await symlink(path.join(repository, "node_modules", "@pulumi"), path.join(folder, "node_modules", "@pulumi"));
  await writeFile(path.join(folder, "package.json"), JSON.stringify({ name: "test", private: true, type: "module" }));
  await writeFile(path.join(folder, "index.js"), program);
  await writeFile(
    path.join(folder, "Pulumi.yaml"),
    "name: test\nmain: index.js\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
  );
  const pidFile = path.join(folder, "provider.pid");
  const preloaded = path.join(folder, "preload.mjs");
  await writeFile(preloaded, preload(pidFile));
  const { PATH = "", HOME = "" } = process.env;
  const engineEnv = {
    PATH,
    HOME,
    PULUMI_HOME: path.join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    NODE_OPTIONS: `--import=${pathToFileURL(preloaded).href}`,
    ...env,
  };
  let serial = 0;
  return {
    async createStack(name) {
      serial += 1;
      const stack = `${name}${serial}`;
      const operate =
        command === undefined
          ? operateHere(folder, stack, engineEnv)
          : await operateBy(command, folder, stack, { ...engineEnv, PULUMI_DEBUG_COMMANDS: "true" });
      return createEngineStack(folder, stack, pidFile, operate);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function operateHere(folder: string, stack: string, env: Record<string, string>): Operate {
  return async (kind, inputs) => {
    const events: EngineEvent[] = [];
    const { result, changes } = await runStackOperation({
      kind,
      projectDir: folder,
      stack,
      env,
      createStack: true,
      configOverrides: { "test:inputs": JSON.stringify(inputs) },
      onEvent: (event) => events.push(event),
    });
    return { succeeded: result === "succeeded", changes, said: messagesOf(events) };
  };
}

async function operateBy(command: string, cwd: string, stack: string, env: Record<string, string>): Promise<Operate> {
  const run = async (...args: string[]) => {
    const child = spawn(command, args, { cwd, env, stdio: "ignore" });
    const [code] = (await once(child, "exit")) as [number | null];
    return code === 0;
  };
  await run("stack", "init", stack, "--non-interactive");
  return async (kind, inputs) => {
    await run("config", "set", "inputs", "--stack", stack, "--non-interactive", "--", JSON.stringify(inputs));
    const log = path.join(cwd, `${stack}.events`);
    await rm(log, { force: true });
    const succeeded = await run(
      kind,
      "--yes",
      "--skip-preview",
      "--non-interactive",
      "--stack",
      stack,
      "--event-log",
      log,
    );
    const events = (await readFile(log, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as EngineEvent);
    const summary = events.find(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent;
    return { succeeded, changes: summary?.resourceChanges ?? {}, said: messagesOf(events) };
  };
}

const messagesOf = (events: EngineEvent[]) =>
  events.flatMap(({ diagnosticEvent }) => diagnosticEvent?.message ?? []).join("\n");

function createEngineStack(folder: string, name: string, pidFile: string, run: Operate): Stack {
  let running: Promise<unknown> | undefined;
  const operate = async (kind: StackOperation["kind"], inputs: Properties) => {
    const operation = run(kind, inputs);
    running = operation;
    const { succeeded, changes, said } = await operation;
    stack.resource = await readResource(path.join(folder, "state", ".pulumi", "stacks", "test", `${name}.json`));
    if (succeeded) return changes;
    throw new Error(said);
  };
  const stack: Stack = {
    resource: undefined,
    condemned: [],
    preview: () => {
      throw new Error("An engine's preview takes its time: use `up`");
    },
    up: async (inputs) => toStep(await operate("up", inputs)),
    replace: () => Promise.reject(new Error("No life here replaces")),
    refresh: async () => ((await operate("refresh", {}))["update"] === undefined ? "same" : "update"),
    destroy: async () => void (await operate("destroy", {})),
    async kill() {
      process.kill(Number(await readFile(pidFile, "utf8")), "SIGKILL");
      await running;
    },
  };
  return stack;
}

/** The stack itself is created, updated or the same as well: the resource's step is the rarest. */
function toStep(changes: Record<string, number>): Step {
  if (changes["replace"] !== undefined) return "replace";
  if (changes["update"] !== undefined) return "update";
  return changes["create"] === undefined ? "same" : "create";
}

interface Checkpoint {
  checkpoint: { latest?: { resources?: (Omit<Resource, "initErrors"> & { type: string; initErrors?: string[] })[] } };
}

async function readResource(file: string): Promise<Resource | undefined> {
  const { checkpoint } = JSON.parse(await readFile(file, "utf8")) as Checkpoint;
  const found = checkpoint.latest?.resources?.find(({ type }) => type.endsWith(":LineChannelWebhook"));
  return found && { id: found.id, inputs: found.inputs, outputs: found.outputs, initErrors: found.initErrors ?? [] };
}
