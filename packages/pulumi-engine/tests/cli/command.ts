import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type ProjectFolder, createProjectFolder } from "../program.ts";

export const pulumi = resolve(import.meta.dirname, "../../bin/pulumi");

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  input?: string;
  /** Instead of the engine's command. */
  command?: string;
}

/** Starts the command as a process of its own. */
export function start(
  folder: ProjectFolder,
  args: string[],
  options: RunOptions = {},
): { child: ChildProcessWithoutNullStreams; ended: Promise<Run> } {
  const child = spawn(options.command ?? pulumi, args, { cwd: folder.path, env: { ...folder.env, ...options.env } });
  child.stdin.end(options.input ?? "");
  const run: Run = { code: null, stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (run.stdout += data));
  child.stderr.on("data", (data) => (run.stderr += data));
  return { child, ended: new Promise((done) => child.on("close", (code) => done({ ...run, code }))) };
}

export const run = (folder: ProjectFolder, args: string[], options?: RunOptions): Promise<Run> =>
  start(folder, args, options).ended;

/** Resolves when the process has printed the text. */
export function printed(child: ChildProcessWithoutNullStreams, text: string): Promise<void> {
  return new Promise((done) => {
    let seen = "";
    child.stdout.on("data", (data) => {
      seen += data;
      if (seen.includes(text)) done();
    });
    // A process that ends first has nothing more to print.
    child.once("close", () => done());
  });
}

/** A project with the stack `dev`, and a world for the things of its program. */
export async function createWithStack(program = ""): Promise<ProjectFolder & { world: string }> {
  const folder = await createProjectFolder(program);
  const world = join(folder.path, "..", "world");
  await mkdir(world);
  folder.env["WORLD"] = world;
  await run(folder, ["stack", "init", "dev"]);
  return { ...folder, world };
}
