/**
 * `proven.ts <stack>`: the artifacts that the stack ran and proved, as its state has them, for the job that asks whether
 * a pin is among them. It runs with that stack's own read-only role.
 */
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { runCommand } from "../command-line.ts";
import { readProvenArtifacts } from "../promotion/evidence.ts";
import { withPlaces } from "../stack-place.ts";
import { setOutput } from "./runner.ts";

async function main(): Promise<number> {
  const [stack] = process.argv.slice(2);
  if (stack === undefined) throw new UserError("Which stack? node deploy/run.cjs deploy/ci/proven.ts <stack>");
  const proven = await withPlaces([stack], {}, ([place]) => readProvenArtifacts(place));
  console.log(
    `${stack} has proved ${proven.length} artifacts${proven[0] === undefined ? "" : `, the latest ${proven[0]}`}.`,
  );
  await setOutput("proven", JSON.stringify(proven));
  return 0;
}

await runCommand(main);
