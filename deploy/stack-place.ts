import { findProject } from "@pulumi-line-bot/pulumi-engine/project/project-file";
import { findBackend, openStack } from "@pulumi-line-bot/pulumi-engine/workspace";
import { writeLocalSettings } from "./local-settings.ts";
import { type DeployTarget, localStack, root, withLocalCloud } from "./local-stack.ts";
import { type PulumiCommand, pulumiFor } from "./pulumi-command.ts";

/** A stack, and where it is: on AWS, kept by the Pulumi CLI, or on this machine's cloud, kept by the embedded engine. */
export interface StackPlace {
  stack: string;
  pulumi: PulumiCommand;
  /** `undefined` if it is on AWS. */
  target: DeployTarget | undefined;
}

export interface PlaceOptions {
  /** `--local`: a stack that is meant for AWS is taken to this machine. */
  local?: boolean | undefined;
  /** The port of the local cloud, where one has to be started. */
  port?: string | undefined;
}

/** Opens the stacks for as long as this takes, with the local cloud where one of them is there. */
export async function withPlaces<const Names extends readonly string[], T>(
  names: Names,
  { local = false, port }: PlaceOptions,
  use: (places: { [index in keyof Names]: StackPlace }) => Promise<T>,
): Promise<T> {
  const isLocal = (stack: string) => local || stack === localStack;
  const open = (target: DeployTarget | undefined) =>
    Promise.all(names.map((stack) => openPlace(stack, isLocal(stack) ? target : undefined)));
  const run = async (target: DeployTarget | undefined) =>
    use((await open(target)) as { [index in keyof Names]: StackPlace });
  return names.some(isLocal) ? withLocalCloud(port, run) : run(undefined);
}

async function openPlace(stack: string, target: DeployTarget | undefined): Promise<StackPlace> {
  const pulumi = pulumiFor(target);
  if (target === undefined || stack === localStack) return { stack, pulumi, target };
  const configFile = await writeLocalSettings(stack, target);
  const place = { stack, pulumi: { ...pulumi, configFile }, target };
  await makeLocalStack(place);
  return place;
}

/**
 * On this machine a stack is made when it is first needed; on AWS a person decides where its state is kept.
 * `stack init` would write a salt of its own into the committed file.
 */
export async function makeLocalStack({ stack, pulumi, target }: StackPlace): Promise<void> {
  if (target === undefined) return;
  const { env } = target;
  const project = await findProject(root);
  const backend = await findBackend(project, root, env);
  await openStack({ project, backend, stack, env, configFile: pulumi.configFile, create: true });
}
