import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { toolEnvironment } from "./tool-environment.ts";

const run = promisify(execFile);
const maxBuffer = 256 * 1024 * 1024;

/**
 * What git prints in a folder. Nothing goes through a shell, git gets no secret of this process, and takes no lock to
 * answer a question. Rejects where git fails or is not installed.
 */
export async function git(folder: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const own = { ...toolEnvironment(), LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", ...env };
  return (await run("git", args, { cwd: folder, maxBuffer, env: own })).stdout;
}

/** `undefined` if git fails or is not installed, where that is an answer. */
export const tryGit = (folder: string, ...args: string[]): Promise<string | undefined> =>
  git(folder, args).catch(() => undefined);
