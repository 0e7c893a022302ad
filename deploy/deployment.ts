import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { stackOutputs, type StackOutputs } from "./doctor/outputs.ts";
import type { DeployTarget } from "./local-stack.ts";
import { type PulumiCommand, pulumiJson } from "./pulumi-command.ts";
import type { StackAws } from "./stack-aws.ts";
import { readSettings, type StackSettings } from "./stack-settings.ts";

/** What is deployed of a stack, and how to reach it. */
export interface Deployment {
  outputs: StackOutputs;
  settings: StackSettings;
  region: string;
  aws: StackAws;
}

/** @throws {UserError} where the stack is not deployed, or by an earlier version of this program. */
export async function findDeployment(
  stack: string,
  target: DeployTarget | undefined,
  pulumi: PulumiCommand,
): Promise<Deployment> {
  const [json, settings] = await Promise.all([
    pulumiJson(pulumi, ["stack", "output", "--json", "--stack", stack]),
    readSettings(pulumi, stack, target),
  ]);
  const outputs = v.safeParse(stackOutputs, json);
  if (!outputs.success || settings.region === undefined) {
    const missing = outputs.issues?.map((issue) => v.getDotPath(issue)).join(", ") ?? "aws:region";
    throw new UserError(
      `Stack ${stack} is not deployed, or by an earlier version of this program: it has no ${missing}. ` +
        `Deploy it with \`npm run up -- ${stack}\`.`,
    );
  }
  const { region, aws } = settings;
  return { outputs: outputs.output, settings, region, aws: { settings: aws, target } };
}
