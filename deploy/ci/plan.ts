/** `plan.ts <stack>`: the real plan for anyone who approves the deployment, and its fingerprint for the job that deploys. */
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { runCommand } from "../command-line.ts";
import { formatFingerprint, takeFingerprint } from "../fingerprint.ts";
import { withPlaces } from "../stack-place.ts";
import { runOwn } from "./command.ts";
import { addSummary, setOutput, withoutCommands } from "./runner.ts";

async function main(): Promise<number> {
  const [stack] = process.argv.slice(2);
  if (stack === undefined) throw new UserError("Which stack? node deploy/run.cjs deploy/ci/plan.ts <stack>");
  const before = await fingerprintOf(stack);
  const { code, stdout } = await runOwn("diff.ts", "--live", "--stack", stack);
  await withoutCommands(() => process.stdout.write(stdout));
  await addSummary(stdout);
  if (code !== 0) return code ?? 1;
  // What is shown and what is approved have to be one: nothing may have moved while it was looked at.
  if (before !== (await fingerprintOf(stack))) {
    throw new UserError(`Stack ${stack} was changed while this plan was made: run this again.`);
  }
  await setOutput("fingerprint", before);
  return 0;
}

const fingerprintOf = (stack: string): Promise<string> =>
  withPlaces([stack], {}, async ([place]) => formatFingerprint(await takeFingerprint(place)));

await runCommand(main);
