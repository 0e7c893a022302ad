import { findDeployment } from "../deployment.ts";
import { tryFindLive } from "../stack-aws.ts";
import type { StackPlace } from "../stack-place.ts";
import { findPin } from "./pin-file.ts";

/**
 * After an update: asks Lambda itself whether both functions run the pinned bytes.
 * @returns an exit code
 */
export async function verifyPinned({ stack, target, pulumi }: StackPlace): Promise<number> {
  const pin = await findPin(stack);
  if (pin === undefined) return 0;
  const { outputs, region, aws } = await findDeployment(stack, target, pulumi);
  const names = [outputs.functionName, outputs.workerName];
  const found = await Promise.all(names.map(async (name) => ({ name, live: await tryFindLive(aws, region, name) })));
  const others = found.filter(({ live }) => live?.codeSha256 !== pin.artifact);
  if (others.length === 0) {
    console.log(`\nLambda runs the pinned artifact ${pin.artifact.slice(0, 12)} in ${names.join(" and ")}.`);
    return 0;
  }
  for (const { name, live } of others) {
    console.error(`\n${name} runs ${live?.codeSha256 ?? "nothing"} and not the pinned artifact ${pin.artifact}.`);
  }
  console.error(`Somebody else deploys to it: \`npm run doctor -- ${stack}\` follows the chain.`);
  return 1;
}
