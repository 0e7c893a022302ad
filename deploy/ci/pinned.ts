/**
 * `pinned.ts <stack>`: the sources that the stack's pin names, in a folder of their own, with the stack's file of this
 * commit. The branch may have moved on since they were proved; what is deployed has not.
 */
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { git, tryGit } from "@pulumi-line-bot/kit/git";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { runCommand } from "../command-line.ts";
import { root } from "../local-stack.ts";
import { readPin, readStackFile } from "../promotion/pin-file.ts";
import { requireEnv, setOutput } from "./runner.ts";

async function main(): Promise<number> {
  const [stack] = process.argv.slice(2);
  if (stack === undefined) throw new UserError("Which stack? node deploy/run.cjs deploy/ci/pinned.ts <stack>");
  const commit = readPin(await readStackFile(stack))?.commit;
  const folder = commit === undefined ? root : await checkOut(commit, stack);
  console.log(`${stack} is deployed from ${commit ?? "this commit"}.`);
  await setOutput("folder", folder);
  return 0;
}

async function checkOut(commit: string, stack: string): Promise<string> {
  const file = `Pulumi.${stack}.yaml`;
  // A reviewer sees digits: what they name has to have been reviewed, too.
  if (!/^[0-9a-f]{40}$/.test(commit) || !(await isMerged(commit))) {
    throw new UserError(
      `${file} pins the commit ${commit}, which is not part of this branch's history. ` +
        "Promote what was merged: nothing else is deployed from here.",
    );
  }
  const folder = path.join(requireEnv("RUNNER_TEMP"), "pinned");
  await git(root, ["worktree", "add", "--detach", folder, commit]);
  await copyFile(path.join(root, file), path.join(folder, file));
  return folder;
}

const isMerged = async (commit: string): Promise<boolean> =>
  (await tryGit(root, "merge-base", "--is-ancestor", commit, "HEAD")) !== undefined;

await runCommand(main);
