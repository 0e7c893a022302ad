import path from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type LocalCloud, startLocalCloud } from "./local/cloud.ts";
import { createDisplay } from "@pulumi-line-bot/pulumi-engine/display/display";
import {
  runStackOperation,
  type StackOperation,
  type StackOperationResult,
} from "@pulumi-line-bot/pulumi-engine/engine";
import { type RunningCloud, tryFindRunning } from "./local/instance.ts";
import { type NewChannel, tryNewChannelOf } from "./new-channel.ts";

export const root = path.dirname(import.meta.dirname);
export const localDataDir = path.join(root, ".local");
export const localStack = "local";
export const programDir = path.join(root, "infra");

/** A cloud of this process, or one that another process runs. */
export type DeployTarget = Omit<RunningCloud, "pid" | "env"> & { env: Record<string, string> };

export const toTarget = ({ env, attachedProviders, line, aws }: LocalCloud): DeployTarget => ({
  env,
  attachedProviders,
  lineUrl: line.url,
  certificateAuthority: aws.certificateAuthority,
});

/** The one that runs, or one for as long as this takes. */
export async function withLocalCloud<T>(
  port: string | undefined,
  use: (target: DeployTarget) => Promise<T>,
): Promise<T> {
  const running = await tryFindRunning(localDataDir);
  if (running !== undefined) return use(running);
  const cloud = await startLocalCloud({ dataDir: localDataDir, programDir, ...parsePort(port) });
  try {
    return await use(toTarget(cloud));
  } finally {
    await cloud.close();
  }
}

/** The port of the LINE simulator and its page. */
export function parsePort(text: string | undefined): { linePort?: number } {
  if (text === undefined) return {};
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return { linePort: Number(text) };
  throw new UserError(`--port takes a number up to 65535, not ${JSON.stringify(text)}`);
}

/** The person's own AWS and Pulumi settings must not reach a local deployment: a profile would go before our keys. */
export function localEnvironment({ env }: Pick<DeployTarget, "env">): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(AWS|PULUMI|LINE)_/.test(entry[0]),
  );
  return { ...Object.fromEntries(inherited), ...env };
}

const titles = { preview: "Previewing", up: "Updating", refresh: "Refreshing", destroy: "Destroying" };

interface LocalOptions extends NonNullable<StackOperation["options"]> {
  /** Default: `local`. */
  stack?: string;
  /** Settings in place of those of the stack's own file. */
  configFile?: string | undefined;
  /** Property lines of each step instead of a tree. */
  diff?: boolean;
  signal?: AbortSignal;
}

export interface LocalResult extends StackOperationResult {
  newChannel: NewChannel | undefined;
}

/** One operation of the embedded engine on a stack of this machine, shown as it runs. */
export async function runLocally(
  kind: StackOperation["kind"],
  target: DeployTarget,
  options: LocalOptions = {},
): Promise<LocalResult> {
  const { stack = localStack, configFile, diff = false, signal, ...rest } = options;
  const { stdout } = process;
  const display = createDisplay({
    stream: stdout,
    isTerminal: stdout.isTTY,
    color: stdout.hasColors?.() ?? false,
    title: `${titles[kind]} (${stack}):`,
    preview: kind === "preview",
    diff,
  });
  let newChannel: NewChannel | undefined;
  try {
    const result = await runStackOperation({
      kind,
      projectDir: root,
      stack,
      configFile,
      env: localEnvironment(target),
      attachedProviders: target.attachedProviders,
      // Where this cloud's simulator listens; the stack's file names the usual port.
      configOverrides: { "line:apiUrl": target.lineUrl },
      createStack: true,
      // The data folder is this cloud's alone: the process that left a lock there is gone.
      removeDeadLock: true,
      options: rest,
      onEvent: (event) => {
        display.onEvent(event);
        newChannel ??= tryNewChannelOf(event);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    return { ...result, newChannel };
  } finally {
    display.close();
  }
}
