import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { UserError } from "../../../line/user-error.ts";
import { parseExport } from "../backend/checkpoint.ts";
import { readOutputs, revealSecrets } from "../backend/secret-view.ts";
import { qualifiedName, parseStackReference } from "../backend/stack-reference.ts";
import { createStackStore } from "../backend/stack-store.ts";
import type { PropertyMap } from "../contracts/contracts.ts";
import { formatValue } from "../display/property-lines.ts";
import { findProject } from "../project/project-file.ts";
import { writeSelectedStack } from "../project/selected-stack.ts";
import { readStackFile, stackFilePath } from "../project/stack-file.ts";
import { createStack, noSuchStack } from "../workspace.ts";
import type { Command } from "./arguments.ts";
import { type Context, openContext, requireStack, requireWorkspace, selectedStack, stackNameOf } from "./context.ts";
import { NotConfirmed, StackNotFound } from "./exit-codes.ts";
import { printJson, printLine, printTable } from "./print.ts";

export async function initStack(command: Command): Promise<void> {
  const { flags, positionals } = command;
  const context = await openContext(command);
  const provider = flags.text("secrets-provider") ?? "default";
  if (provider !== "default" && provider !== "passphrase") {
    throw new UserError(
      `the embedded engine knows only the passphrase secrets provider, not ${provider.replace(/:.*$/s, "")}`,
    );
  }
  const project = context.project ?? (await findProject(context.cwd));
  const name = positionals[0] ?? flags.text("stack");
  if (name === undefined) throw new UserError("name the stack: `pulumi stack init <stack>`");
  const stack = parseStackReference(name, project.name);
  const file = await readStackFile(await stackFilePath(project, stack.name), project.name);
  if (await context.backend.exists(stack)) throw new UserError(`stack '${qualifiedName(stack)}' already exists`);
  await createStack(context.backend, stack, file, context.env);
  if (!flags.on("no-select")) await select(context, qualifiedName(stack));
  printLine(`Created stack '${stack.name}'`);
}

async function select({ home, project, backend }: Context, stack: string | undefined): Promise<void> {
  if (project) await writeSelectedStack(home, project, backend.url, stack);
}

export async function selectStack(command: Command): Promise<void> {
  const context = await openContext(command);
  const name = command.positionals[0] ?? command.flags.text("stack");
  if (name === undefined) throw new StackNotFound("name the stack: `pulumi stack select <stack>`");
  const stack = parseStackReference(name, context.project?.name);
  if (!(await context.backend.exists(stack))) {
    if (!command.flags.on("create")) throw new StackNotFound(noSuchStack(stack.name));
    return initStack(command);
  }
  await select(context, qualifiedName(stack));
}

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
        // As the CLI has it: a stack that holds nothing was never updated.
        ...(count > 0 && deployment && { lastUpdate: formatTime(deployment.manifest.time) }),
        resourceCount: count,
      };
    }),
  );
  if (command.flags.on("json")) return printJson(summaries);
  printTable(
    ["NAME", "LAST UPDATE", "RESOURCE COUNT"],
    summaries.map(({ name, current, lastUpdate, resourceCount }) => [
      `${name}${current ? "*" : ""}`,
      lastUpdate ?? "n/a",
      `${resourceCount}`,
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
  printLine(`Current stack is ${stack.name}:`);
  if (deployment && resources.length > 0) printLine(`    Last updated: ${deployment.manifest.time}`);
  printLine(`Current stack resources (${resources.length}):`);
  printTable(
    ["TYPE", "NAME"],
    resources.map(({ type, urn }) => [type, urn.split("::").slice(3).join("::")]),
  );
  printOutputs(await readOutputs(deployment, command.flags.on("show-secrets"), context.env));
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
  else printLine(typeof value === "string" ? value : JSON.stringify(value));
}

function printOutputs(outputs: PropertyMap): void {
  const names = Object.keys(outputs).toSorted();
  if (names.length === 0) return printLine("Current stack outputs (0):\n    No output values currently in this stack");
  printLine(`Current stack outputs (${names.length}):`);
  printTable(
    ["    OUTPUT", "VALUE"],
    names.map((name) => {
      const value = outputs[name] ?? null;
      return [`    ${name}`, typeof value === "string" ? value : formatValue(value)];
    }),
  );
}

export async function exportStack(command: Command): Promise<void> {
  const context = await openContext(command);
  const stack = await requireStack(context, command);
  const stored = await context.backend.readDeployment(stack);
  const shown = command.flags.on("show-secrets") ? await revealSecrets(stored, context.env) : stored;
  const file = command.flags.text("file");
  if (file === undefined) printJson(shown, 4);
  else await writeFile(file, `${JSON.stringify(shown, undefined, 4)}\n`, { mode: 0o600 });
}

export async function importStack(command: Command): Promise<void> {
  const context = await openContext(command);
  const { backend, stack, secrets } = await requireWorkspace(context, command);
  const file = command.flags.text("file");
  const text = file === undefined ? await readAll(process.stdin) : await readFile(file, "utf8");
  const name = file ?? "on the standard input";
  const imported = parseExport(text, name);
  const lock = await backend.lock(stack);
  try {
    // Secrets that were exported in the clear, or under another salt, are encrypted before they touch the disk.
    const store = createStackStore({ backend, stack, secrets, env: context.env });
    const { resources, pendingOperations } = await store.decode(imported.deployment, name);
    for (const { type, resource } of pendingOperations) {
      process.stderr.write(`warning: removing pending operation '${type}' on '${resource.urn}' from snapshot\n`);
    }
    await store.save({ resources, pendingOperations: [] });
  } finally {
    await lock.release();
  }
  printLine("Import complete.");
}

export async function removeStack(command: Command): Promise<void> {
  const { flags, positionals } = command;
  if (!flags.on("yes"))
    throw new NotConfirmed("--yes must be passed in to proceed when running in non-interactive mode");
  const context = await openContext(command);
  const stack = await requireStack(context, command, positionals[0]);
  const lock = await context.backend.lock(stack);
  try {
    const resources = (await context.backend.readDeployment(stack)).deployment?.resources ?? [];
    const onlyRoot = resources.every(({ type }) => type === "pulumi:pulumi:Stack");
    if (!onlyRoot && !flags.on("force")) {
      throw new UserError(
        `'${stack.name}' still has resources; removal rejected: delete them with \`pulumi destroy\`, or leave them behind with \`pulumi stack rm --force\``,
      );
    }
    await context.backend.removeStack(stack, { keepBackups: !flags.on("remove-backups") });
  } finally {
    await lock.release();
  }
  if (!flags.on("preserve-config") && context.project?.name === stack.project) {
    await rm(await stackFilePath(context.project, stack.name), { force: true });
  }
  const current = await selectedStack(context);
  if (current === stack.name || current === qualifiedName(stack)) await select(context, undefined);
  printLine(`Stack '${stack.name}' has been removed!`);
}

export async function renameStack(command: Command): Promise<void> {
  const context = await openContext(command);
  const { backend, project } = context;
  const from = await requireStack(context, command);
  const to = parseStackReference(command.positionals[0] ?? "", project?.name);
  const lock = await backend.lock(from);
  try {
    await backend.renameStack(from, to);
  } finally {
    await lock.release();
  }
  if (project?.name === from.project) {
    const file = await stackFilePath(project, from.name);
    if (existsSync(file)) await rename(file, join(dirname(file), `Pulumi.${to.name}${extname(file)}`));
  }
  await select(context, qualifiedName(to));
  printLine(`Renamed ${from.name} to ${to.name}`);
}

export async function cancelUpdate(command: Command): Promise<void> {
  const { flags, positionals } = command;
  if (!flags.on("yes"))
    throw new NotConfirmed("--yes must be passed in to proceed when running in non-interactive mode");
  const context = await openContext(command);
  const stack = await requireStack(context, command, positionals[0]);
  await context.backend.cancel(stack);
  printLine(`The currently running update for '${stack.name}' has been canceled!`);
}
