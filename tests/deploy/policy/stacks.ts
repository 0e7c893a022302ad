import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, stringify } from "yaml";
import type { StackResources } from "../../../deploy/policy/controls.ts";
import type { AnyResource } from "../../../deploy/policy/resources.ts";
import { localEnvironment, programDir, root, toTarget } from "../../../deploy/local-stack.ts";
import { type LocalCloud, startLocalCloud } from "../../../local/cloud.ts";
import { createStackStore } from "../../../local/engine/backend/stack-store.ts";
import type { PropertyMap, ResourceState } from "../../../local/engine/core/contracts.ts";
import { withoutMarks } from "../../../local/engine/core/properties.ts";
import { runStackOperation } from "../../../local/engine/engine.ts";
import { findProject } from "../../../local/engine/project/project-file.ts";
import { findBackend, openStack } from "../../../local/engine/workspace.ts";

export const stackNames = ["local", "dev", "prod"] as const;
export type StackName = (typeof stackNames)[number];

/** The project's own stacks, each deployed to this machine with its own settings, and what became of them. */
export async function deployStacks<N extends StackName>(...names: N[]): Promise<Record<N, StackResources>> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "policy-"));
  const cloud = await startLocalCloud({ dataDir, programDir, linePort: 0, gatewayPort: 0 });
  try {
    const stacks: [N, StackResources][] = [];
    // One channel serves them all: one after another.
    for (const name of names) stacks.push([name, await deployStack(name, dataDir, cloud)]);
    return Object.fromEntries(stacks) as Record<N, StackResources>;
  } finally {
    await cloud.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function deployStack(name: StackName, dataDir: string, cloud: LocalCloud): Promise<StackResources> {
  const configFile = path.join(dataDir, `Pulumi.${name}.yaml`);
  await writeFile(configFile, await configOf(name));
  const env = localEnvironment(toTarget(cloud));
  const said: string[] = [];
  const { result } = await runStackOperation({
    kind: "up",
    projectDir: root,
    stack: name,
    configFile,
    env,
    attachedProviders: cloud.attachedProviders,
    configOverrides: { "line:apiUrl": cloud.line.url, "line:takeOver": "true" },
    createStack: true,
    onEvent: ({ diagnosticEvent }) => void (diagnosticEvent && said.push(diagnosticEvent.message)),
  });
  if (result !== "succeeded") throw new Error(said.join("\n"));
  return readStack(name, configFile, env);
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

async function readStack(stack: string, configFile: string, env: Record<string, string>): Promise<StackResources> {
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
