import * as v from "valibot";
import type { Pin } from "../../infra/pin.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { noStackExitCode, pulumiText, runPulumi } from "../pulumi-command.ts";
import type { StackPlace } from "../stack-place.ts";

const outputs = v.object({ provenArtifacts: v.optional(v.array(v.string()), []) });

/** The artifacts with which LINE's test succeeded in a deployment of the stack: none of a stack that was never deployed. */
export async function readProvenArtifacts({ pulumi, stack }: StackPlace): Promise<string[]> {
  const { code } = await runPulumi(pulumi, ["stack", "export", "--stack", stack]);
  if (code === noStackExitCode) return [];
  const json = await pulumiText(pulumi, ["stack", "output", "--json", "--stack", stack]);
  return v.parse(outputs, JSON.parse(json)).provenArtifacts;
}

/** @throws {UserError} unless the stack is pinned, and to one of these. */
export function requireProven(stack: string, pin: Pin | undefined, proven: string[]): Pin {
  const promote = `\`npm run promote -- <stack> ${stack}\` pins it to what another stack runs and has proved.`;
  if (pin === undefined)
    throw new UserError(`Stack ${stack} is not pinned, so nothing shows that what it gets was proved. ${promote}`);
  if (proven.includes(pin.artifact)) return pin;
  throw new UserError(
    `Pulumi.${stack}.yaml pins the artifact ${pin.artifact}, and no deployment has proved it: ` +
      `the states know ${proven.map((each) => each.slice(0, 12)).join(", ") || "none"}. Nothing is planned. ${promote}`,
  );
}
