import { spawn } from "node:child_process";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type DeployTarget, localEnvironment, root } from "./local-stack.ts";

/** The command that keeps a stack: the Pulumi CLI or, for the local stack, the embedded engine's, with the same words. */
export interface PulumiCommand {
  /** The command as an error message names it. */
  name: string;
  file: string;
  env: NodeJS.ProcessEnv;
  /** The project's folder. */
  cwd: string;
  /** Instead of the stack's own file, for the words that read settings. */
  configFile?: string | undefined;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The exit code of an operation that was to change nothing, and would. */
export const changesExitCode = 7;
/** The exit code where there is no such stack. */
export const noStackExitCode = 6;

export const installHint =
  "The Pulumi CLI is not on the path. Install it (https://www.pulumi.com/docs/install/) and run the same command again.";

export function pulumiFor(target: DeployTarget | undefined): PulumiCommand {
  if (target === undefined) return { name: "pulumi", file: "pulumi", env: process.env, cwd: root };
  const file = path.join(root, "packages", "pulumi-engine", "bin", "pulumi");
  return { name: "packages/pulumi-engine/bin/pulumi", file, env: localEnvironment(target), cwd: root };
}

/**
 * Runs it to its end, whatever that is. What goes in comes by standard input: arguments can be seen by everybody.
 * @throws {UserError} when there is no such command.
 */
export async function runPulumi(pulumi: PulumiCommand, args: string[], input = ""): Promise<Ended> {
  const { file, env, cwd } = pulumi;
  const child = spawn(file, withSettings(pulumi, args), { cwd, env, stdio: "pipe" });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new UserError(installHint) : error),
    );
    child.once("close", resolve);
  });
  // A command that ends without reading is judged by its exit code.
  child.stdin.on("error", () => {}).end(input);
  const [code, stdout, stderr] = await Promise.all([ended, buffer(child.stdout), buffer(child.stderr)]);
  return { code, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** The words that take a file with settings. */
const readsSettings = new Set(["config", "preview", "up", "refresh", "destroy"]);

export function withSettings({ configFile }: PulumiCommand, [word = "", ...args]: string[]): string[] {
  if (configFile === undefined || !readsSettings.has(word)) return [word, ...args];
  return [word, ...args, "--config-file", configFile];
}

/** @throws {UserError} with what the command said, when it fails. */
export async function pulumiJson(pulumi: PulumiCommand, args: string[]): Promise<unknown> {
  return JSON.parse(await pulumiText(pulumi, args));
}

export async function pulumiText(pulumi: PulumiCommand, args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await runPulumi(pulumi, args, input);
  if (code === 0) return stdout;
  throw new UserError(`\`${pulumi.name} ${args.join(" ")}\` failed: ${stderr.trim() || `exit code ${code}`}`);
}
