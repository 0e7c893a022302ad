import { spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { root } from "../local-stack.ts";
import { withoutCommands } from "./runner.ts";

export interface CommandResult {
  code: number | null;
  stdout: string;
}

/** One of the project's own commands, such as `doctor.ts`. What it says beside its output goes to the job's log. */
export const runOwn = (...[file, ...args]: [file: string, ...args: string[]]): Promise<CommandResult> =>
  withoutCommands(() => run(file, args));

async function run(file: string, args: string[]): Promise<CommandResult> {
  const runner = [path.join(root, "deploy", "run.cjs"), path.join("deploy", "commands", file)];
  const child = spawn(process.execPath, [...runner, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [stdout, code] = await Promise.all([text(child.stdout), ended]);
  return { code, stdout: stripVTControlCharacters(stdout) };
}
