import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse, stringify } from "yaml";
import type { StackResources } from "@pulumi-line-bot/policy/controls";
import type { AnyResource } from "@pulumi-line-bot/policy/resources";
import { localEnvironment, root, toTarget } from "../../deploy/local-stack.ts";
import { createStackStore } from "@pulumi-line-bot/pulumi-engine/backend/stack-store";
import type { PropertyMap, ResourceState } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { withoutMarks } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { findProject } from "@pulumi-line-bot/pulumi-engine/project/project-file";
import { findBackend, openStack } from "@pulumi-line-bot/pulumi-engine/workspace";
import { deploy } from "../e2e/deployed.ts";

export const stackNames = ["local", "dev", "prod"] as const;
export type StackName = (typeof stackNames)[number];

/** The project's own stacks, each deployed to this machine with its own settings, and what became of them. */
export async function deployStacks(): Promise<Record<StackName, StackResources>> {
  await using bot = await deploy();
  const env = localEnvironment(toTarget(bot.cloud));
  const local = await readStack("local", env);
  // One channel serves them all: one after another.
  const dev = await deployStack("dev", bot, env);
  const prod = await deployStack("prod", bot, env);
  return { local, dev, prod };
}

/** The local stack alone. */
export async function deployLocalStack(): Promise<StackResources> {
  await using bot = await deploy();
  return await readStack("local", localEnvironment(toTarget(bot.cloud)));
}

type Bot = Awaited<ReturnType<typeof deploy>>;
type Environment = Record<string, string>;

async function deployStack(stack: StackName, { cloud, dataDir, operate }: Bot, env: Environment) {
  const configFile = path.join(dataDir, `Pulumi.${stack}.yaml`);
  await writeFile(configFile, await configOf(stack));
  const said: string[] = [];
  // Both stacks are on the one channel of the simulator.
  const [channel] = (await cloud.line.console.overview()).channels;
  const { result } = await operate("up", {
    stack,
    configFile,
    configOverrides: {
      "line:apiUrl": cloud.line.url,
      ...(channel?.webhook && { "line:takeOver": channel.webhook.endpoint }),
    },
    onEvent: ({ diagnosticEvent }) => void (diagnosticEvent && said.push(diagnosticEvent.message)),
  });
  if (result !== "succeeded") throw new Error(said.join("\n"));
  return readStack(stack, env, configFile);
}

/** The stack's own sizes and tags; the account and the channel of the local one, whatever the stack's owner has set. */
async function configOf(name: StackName): Promise<string> {
  const read = async (stack: StackName) =>
    parse(await readFile(path.join(root, `Pulumi.${stack}.yaml`), "utf8")) as {
      config: Record<string, unknown>;
      encryptionsalt?: string;
    };
  const [{ config }, local] = await Promise.all([read(name), read("local")]);
  const isOwn = (key: string) => key.startsWith("line-bot:") || key === "aws:defaultTags";
  const keep = (from: Record<string, unknown>, holds: (key: string) => boolean) =>
    Object.fromEntries(Object.entries(from).filter(([key]) => holds(key)));
  const merged = { ...keep(local.config, (key) => !isOwn(key)), ...keep(config, isOwn) };
  return stringify({ encryptionsalt: local.encryptionsalt, config: merged });
}

async function readStack(stack: StackName, env: Environment, configFile?: string): Promise<StackResources> {
  const project = await findProject(root);
  const backend = await findBackend(project, root, env);
  const store = createStackStore({ env, ...(await openStack({ project, backend, stack, env, configFile })) });
  const { resources } = await store.load();
  const toResources = (propsOf: (state: ResourceState) => PropertyMap | undefined): AnyResource[] =>
    resources.map((state) => ({
      type: state.type,
      name: state.urn.split("::").at(-1) ?? "",
      urn: state.urn,
      props: withoutMarks(propsOf(state) ?? {}),
      protect: state.protect ?? false,
    }));
  return { inputs: toResources(({ inputs }) => inputs), outputs: toResources(({ outputs }) => outputs) };
}
