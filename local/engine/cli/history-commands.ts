import { UserError } from "../../../line/user-error.ts";
import type { UpdateRecord } from "../backend/history.ts";
import { type ConfigValue, decryptConfig, holdsSecure, toConfigText } from "../project/config-value.ts";
import { DecryptionFailed } from "../secrets/passphrase.ts";
import type { Cipher } from "../secrets/passphrase.ts";
import type { Command } from "./arguments.ts";
import { openContext, requireStack, requireWorkspace } from "./context.ts";
import { printJson, printLine, printTable } from "./print.ts";

export async function showHistory(command: Command): Promise<void> {
  const { flags } = command;
  const context = await openContext(command);
  const stack = await requireStack(context, command);
  const page = { size: parseCount(flags.text("page-size"), 10), number: parseCount(flags.text("page"), 1) };
  const updates = await context.backend.listUpdates(stack, page);
  if (!flags.on("json")) return printUpdates(updates);
  const anySecret = updates.some(({ config }) =>
    Object.values(config).some((value) => holdsSecure(value as ConfigValue)),
  );
  const cipher =
    flags.on("show-secrets") && anySecret
      ? await (await requireWorkspace(context, command)).secrets.unlock()
      : undefined;
  printJson(updates.map((update) => describeUpdate(update, cipher)));
}

function parseCount(text: string | undefined, usual: number): number {
  const count = Number(text ?? usual);
  if (!Number.isInteger(count) || count < 1)
    throw new UserError(`${JSON.stringify(text)} is not a number of 1 or more`);
  return count;
}

/** The shape of the CLI's `--json`. */
function describeUpdate(update: UpdateRecord, cipher: Cipher | undefined) {
  const { version, kind, startTime, message, environment, config, result, endTime, resourceChanges } = update;
  return {
    version,
    kind,
    startTime: fromSeconds(startTime),
    message,
    environment,
    config: Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, describeConfig(value as ConfigValue, cipher)]),
    ),
    result,
    ...(result !== "in-progress" && { endTime: fromSeconds(endTime), resourceChanges: resourceChanges ?? {} }),
  };
}

function describeConfig(value: ConfigValue, cipher: Cipher | undefined) {
  const secret = holdsSecure(value);
  if (secret && !cipher) return { secret };
  const plain = secret && cipher ? tryDecrypt(value, cipher) : value;
  const isObject = typeof plain === "object" && plain !== null;
  return { value: toConfigText(plain), ...(isObject && { objectValue: plain }), secret };
}

/** A setting of long ago may have been encrypted with a passphrase that nobody has any more. */
function tryDecrypt(value: ConfigValue, cipher: Cipher): ConfigValue {
  try {
    return decryptConfig(value, cipher.decrypt);
  } catch (error) {
    if (error instanceof DecryptionFailed) return "ERROR_UNABLE_TO_DECRYPT";
    throw error;
  }
}

const fromSeconds = (seconds: number): string => new Date(seconds * 1000).toISOString();

function printUpdates(updates: UpdateRecord[]): void {
  if (updates.length === 0) return printLine("Stack has never been updated");
  for (const { version, kind, result, message, startTime, endTime, resourceChanges = {} } of updates) {
    const counts = Object.entries(resourceChanges).map(([op, count]) => `${count} ${op}`);
    printLine(`Version: ${version}\nUpdateKind: ${kind}\nStatus: ${result}\nMessage: ${message}`);
    printLine(`${counts.join(", ")}\nUpdated ${fromSeconds(startTime)} took ${endTime - startTime}s\n`);
  }
}

export async function getTag(command: Command): Promise<void> {
  const context = await openContext(command);
  const stack = await requireStack(context, command);
  const [name = ""] = command.positionals;
  const value = (await context.backend.readTags(stack))[name];
  if (value === undefined) throw new UserError(`stack tag '${name}' not found for stack '${stack.name}'`);
  printLine(value);
}

export async function listTags(command: Command): Promise<void> {
  const context = await openContext(command);
  const tags = await context.backend.readTags(await requireStack(context, command));
  if (command.flags.on("json")) return printJson(tags);
  printTable(
    ["NAME", "VALUE"],
    Object.entries(tags).toSorted(([a], [b]) => a.localeCompare(b)),
  );
}

export async function setTag(command: Command): Promise<void> {
  const [name = "", value = ""] = command.positionals;
  await editTags(command, (tags) => ({ ...tags, [name]: value }));
}

export async function removeTag(command: Command): Promise<void> {
  const [name = ""] = command.positionals;
  await editTags(command, ({ [name]: _removed, ...others }) => others);
}

async function editTags(
  command: Command,
  edit: (tags: Record<string, string>) => Record<string, string>,
): Promise<void> {
  const context = await openContext(command);
  const stack = await requireStack(context, command);
  await context.backend.writeTags(stack, edit(await context.backend.readTags(stack)));
}
