/**
 * `evidence.ts <stack>`: whether the pinned artifact was proved, by the stack before it (`PROVEN`, from the job with that
 * stack's role) or, where a rollback pinned it, by this stack itself. A pin is a claim that a pull request can make.
 */
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { runCommand } from "../command-line.ts";
import { readProvenArtifacts, requireProven } from "../promotion/evidence.ts";
import { readPin, readStackFile } from "../promotion/pin-file.ts";
import { withPlaces } from "../stack-place.ts";
import { requireEnv } from "./runner.ts";

const digests = v.pipe(v.string(), v.parseJson(), v.array(v.string()));

async function main(): Promise<number> {
  const [stack] = process.argv.slice(2);
  if (stack === undefined) throw new UserError("Which stack? node deploy/run.cjs deploy/ci/evidence.ts <stack>");
  const before = v.parse(digests, requireEnv("PROVEN"));
  const pin = readPin(await readStackFile(stack));
  const own = await withPlaces([stack], {}, ([place]) => readProvenArtifacts(place));
  const { artifact } = requireProven(stack, pin, [...before, ...own]);
  console.log(
    `The pinned artifact ${artifact} was proved ${before.includes(artifact) ? "before" : `by ${stack} itself`}.`,
  );
  return 0;
}

await runCommand(main);
