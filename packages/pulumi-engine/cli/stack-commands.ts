import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseExport } from "../backend/checkpoint.ts";
import { revealSecrets } from "../backend/secret-view.ts";
import { qualifiedName, parseStackReference } from "../backend/stack-reference.ts";
import { createStackStore } from "../backend/stack-store.ts";
import { findProject } from "../project/project-file.ts";
import { writeSelectedStack } from "../project/selected-stack.ts";
import { readStackFile, stackFilePath } from "../project/stack-file.ts";
import { createStack, keepSalt, noSuchStack } from "../workspace.ts";
import type { Command } from "./arguments.ts";
import { type Context, openContext, requireStack, requireWorkspace, selectedStack } from "./context.ts";
import { StackNotFound } from "./exit-codes.ts";
import { printJson, printLine } from "./print.ts";

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
  if (name === undefined) throw new UserError("missing stack name: `pulumi stack init <stack>`");
  const stack = parseStackReference(name, project.name);
  if (stack.project !== project.name) {
    throw new UserError(
      `could not create stack: provided project name ${JSON.stringify(stack.project)} doesn't match ${basename(project.file)}, which says ${JSON.stringify(project.name)}`,
    );
  }
  const file = await readStackFile(await stackFilePath(project, stack.name), project.name);
  if (await context.backend.exists(stack)) throw new UserError(`stack '${qualifiedName(stack)}' already exists`);
  await createStack(context.backend, stack, file, context.env);
  if (!flags.on("no-select")) await select(context, qualifiedName(stack));
  // The CLI has it so: what a command prints is for programs, and this is not.
  process.stderr.write(`Created stack '${stack.name}'\n`);
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
  const { backend, stack, file: settings, secrets } = await requireWorkspace(context, command);
  await keepSalt(settings, secrets);
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
  if (!flags.on("yes")) throw new UserError("non-interactive mode requires --yes flag");
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
  const context = await openContext(command);
  const stack = await requireStack(context, command, positionals[0]);
  // The CLI asks only where somebody could answer.
  const isAttended = process.stdin.isTTY && process.stdout.isTTY && !flags.on("non-interactive");
  if (isAttended && !flags.on("yes")) throw new UserError(`pass --yes to cancel the update of '${stack.name}'`);
  await context.backend.cancel(stack);
  printLine(`The currently running update for '${stack.name}' has been canceled!`);
}
