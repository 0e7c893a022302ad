import { hostname } from "node:os";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { StoredDeployment, StoredResource } from "../backend/checkpoint.ts";
import { readOutputs } from "../backend/secret-view.ts";
import { parseStackReference, qualifiedName } from "../backend/stack-reference.ts";
import type { PropertyMap, PropertyValue } from "../contracts/contracts.ts";
import { ROOT_STACK_TYPE, parseUrn } from "../values/urn.ts";
import type { Command } from "./arguments.ts";
import { openContext, requireStack, selectedStack, stackNameOf } from "./context.ts";
import { formatAge, printJson, printLine, printTable } from "./print.ts";

export async function listStacks(command: Command): Promise<void> {
  const context = await openContext(command);
  const { backend, project } = context;
  const current = await selectedStack(context);
  const all = command.flags.on("all");
  const stacks = await backend.listStacks(all ? undefined : (command.flags.text("project") ?? project?.name));
  const summaries = await Promise.all(
    stacks.map(async (stack) => {
      const { deployment } = await backend.readDeployment(stack);
      const count = deployment?.resources?.length ?? 0;
      const name = stack.project === project?.name ? stack.name : qualifiedName(stack);
      return {
        name,
        current:
          current !== undefined &&
          [stack.name, qualifiedName(stack)].includes(current) &&
          stack.project === project?.name,
        ...(deployment && { lastUpdate: formatTime(deployment.manifest.time), resourceCount: count }),
      };
    }),
  );
  if (command.flags.on("json")) return printJson(summaries);
  printTable(
    ["NAME", "LAST UPDATE", "RESOURCE COUNT"],
    summaries.map(({ name, current, lastUpdate, resourceCount }) => [
      `${name}${current ? "*" : ""}`,
      lastUpdate === undefined ? "n/a" : formatAge(new Date(lastUpdate)),
      `${resourceCount ?? "n/a"}`,
    ]),
  );
}

/** The CLI's time in JSON: RFC 3339 with three places. */
function formatTime(time: string): string {
  return new Date(time).toISOString();
}

export async function showStack(command: Command): Promise<void> {
  const context = await openContext(command);
  if (command.flags.on("show-name")) {
    printLine(parseStackReference(await stackNameOf(context, command), context.project?.name).name);
    return;
  }
  const stack = await requireStack(context, command);
  const { deployment } = await context.backend.readDeployment(stack);
  const resources = deployment?.resources ?? [];
  printLine(`Current stack is ${stack.name}:\n    Managed by ${hostname()}`);
  if (deployment) printLine(lastUpdateLines(deployment.manifest));
  else printLine("    No updates yet; run `pulumi up`");
  printLine(`Current stack resources (${resources.length}):`);
  if (resources.length === 0) printLine("    No resources currently in this stack");
  else {
    printTable(["TYPE", "NAME"], resourceRows(resources), "    ");
    printLine("");
    printOutputs(await readOutputs(deployment, command.flags.on("show-secrets"), context.env));
  }
  printLine("\nUse `pulumi stack select` to change stack; `pulumi stack ls` lists known ones");
}

function lastUpdateLines({ time, version }: StoredDeployment["manifest"]): string {
  return `    Last updated: ${formatAge(new Date(time))} (${time})\n    Pulumi version used: ${version}`;
}

/** The resources as a tree below the stack; what has no parent hangs on it, too. */
function resourceRows(resources: StoredResource[]): string[][] {
  const root = resources.find(({ type, parent }) => type === ROOT_STACK_TYPE && !parent);
  const children = Map.groupBy(
    resources.filter((resource) => resource !== root),
    ({ parent }) => parent || root?.urn,
  );
  const rowsOf = ({ type, urn }: StoredResource, branch: string, indent: string): string[][] => {
    const below = children.get(urn) ?? [];
    // The first one of a resource and those that it replaces has the children.
    children.delete(urn);
    const inner = below.map((child, index) =>
      index === below.length - 1
        ? rowsOf(child, `${indent}└─ `, `${indent}   `)
        : rowsOf(child, `${indent}├─ `, `${indent}│  `),
    );
    return [[`${branch}${type}`, parseUrn(urn).name], ...inner.flat()];
  };
  return root ? rowsOf(root, "", "") : resources.map(({ type, urn }) => [type, parseUrn(urn).name]);
}

export async function printStackOutputs(command: Command): Promise<void> {
  const context = await openContext(command);
  const stack = await requireStack(context, command);
  const { deployment } = await context.backend.readDeployment(stack);
  const outputs = await readOutputs(deployment, command.flags.on("show-secrets"), context.env);
  const [name] = command.positionals;
  const json = command.flags.on("json");
  if (name === undefined) return json ? printJson(outputs) : printOutputs(outputs);
  const value = outputs[name];
  if (value === undefined) throw new UserError(`current stack does not have output property '${name}'`);
  if (json) printJson(value);
  else printLine(formatOutput(value));
}

const formatOutput = (value: PropertyValue): string => (typeof value === "string" ? value : JSON.stringify(value));

function printOutputs(outputs: PropertyMap): void {
  const names = Object.keys(outputs).toSorted();
  if (names.length === 0) return printLine("Current stack outputs (0):\n    No output values currently in this stack");
  printLine(`Current stack outputs (${names.length}):`);
  printTable(
    ["OUTPUT", "VALUE"],
    names.map((name) => [name, formatOutput(outputs[name] ?? null)]),
    "    ",
  );
}
