import { git as runGit } from "@pulumi-line-bot/kit/git";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/** Git in one repository. */
export interface Git {
  readonly folder: string;
  /** What it prints. Rejects where it fails. */
  (args: string[], env?: Record<string, string>): Promise<string>;
}

export function openGit(folder: string): Git {
  return Object.assign((args: string[], env?: Record<string, string>) => runGit(folder, args, env), { folder });
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
