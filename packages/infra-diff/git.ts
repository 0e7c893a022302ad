import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { toolEnvironment } from "@pulumi-line-bot/kit/tool-environment";
import { UserError } from "@pulumi-line-bot/kit/user-error";

const run = promisify(execFile);

/** Git in one repository. Nothing goes through a shell. */
export interface Git {
  readonly folder: string;
  /** What it prints. Rejects where it fails. */
  (args: string[], env?: Record<string, string>): Promise<string>;
}

export function openGit(folder: string): Git {
  const git = async (args: string[], env: Record<string, string> = {}): Promise<string> => {
    const { stdout } = await run("git", args, {
      cwd: folder,
      maxBuffer: 256 * 1024 * 1024,
      env: { ...toolEnvironment(), LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", ...env },
    });
    return stdout;
  };
  return Object.assign(git, { folder });
}

/** @throws {UserError} where there is no such commit */
export async function findCommit(git: Git, name: string): Promise<string> {
  try {
    return (await git(["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`])).trim();
  } catch (cause) {
    throw new UserError(
      `${JSON.stringify(name)} is no commit of this repository. Bring it here with \`git fetch\`, or name another one with --base or --head.`,
      { cause },
    );
  }
}

/** Where the two parted. Undefined in a clone that does not reach back so far. */
export async function tryFindMergeBase(git: Git, one: string, other: string): Promise<string | undefined> {
  return git(["merge-base", one, other]).then(
    (text) => text.trim(),
    () => undefined,
  );
}
