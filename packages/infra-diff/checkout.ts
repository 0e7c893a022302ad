/** The sources of a commit in a folder of their own, with the dependencies that their lock file names. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { linkDependencies } from "@pulumi-line-bot/kit/link-dependencies";
import { toolEnvironment } from "@pulumi-line-bot/kit/tool-environment";
import type { Git } from "./git.ts";

export interface Checkout {
  folder: string;
  [Symbol.asyncDispose]: () => Promise<void>;
}

/** The folder that one works in, as it is. */
export const workingTree = (folder: string): Checkout => ({ folder, [Symbol.asyncDispose]: () => Promise.resolve() });

export interface CheckoutOptions {
  /** Called before what takes long. */
  tell: (message: string) => void;
  signal: AbortSignal;
}

export async function checkOut(git: Git, commit: string, options: CheckoutOptions): Promise<Checkout> {
  const parent = await mkdtemp(path.join(tmpdir(), "line-bot-diff-"));
  const remove = (): Promise<void> => rm(parent, { recursive: true, force: true });
  try {
    const folder = path.join(parent, "sources");
    // An index of its own: neither the repository's nor its list of work trees is touched.
    const index = { GIT_INDEX_FILE: path.join(parent, "index") };
    await git(["read-tree", commit], index);
    await git(["checkout-index", "--all", `--prefix=${folder}/`], index);
    await provideDependencies(git.folder, folder, options);
    options.signal.throwIfAborted();
    return { folder, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function provideDependencies(from: string, to: string, { tell, signal }: CheckoutOptions): Promise<void> {
  const [own, wanted] = await Promise.all([readLock(from), readLock(to)]);
  if (wanted === undefined) return;
  // A commit that brings its own along is not asked for them.
  await rm(path.join(to, "node_modules"), { recursive: true, force: true });
  if (own === wanted) return linkDependencies(from, to);
  tell("Installing the dependencies of the other lock file (npm ci) …");
  const npm = process.env["npm_execpath"];
  const [command, ...args] = npm === undefined ? ["npm"] : [process.execPath, npm];
  // No package's script is needed to evaluate a program, and none is run.
  const child = spawn(
    command ?? "npm",
    [...args, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: to,
      env: toolEnvironment(),
      stdio: ["ignore", 2, 2],
    },
  );
  const stop = (): void => void child.kill();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const [code] = (await once(child, "exit")) as [number | null];
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (code !== 0) throw new UserError("npm ci failed for the other side's lock file, see above.");
}

const readLock = (folder: string): Promise<string | undefined> =>
  readFile(path.join(folder, "package-lock.json"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
