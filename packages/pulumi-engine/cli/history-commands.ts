import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { UpdateRecord } from "../backend/history.ts";
import { type ConfigValue, decryptConfig, describeConfigValue, holdsSecure } from "../project/config-value.ts";
import { DecryptionFailed, type Cipher } from "../secrets/passphrase.ts";
import type { Command } from "./arguments.ts";
import { openContext, requireStack, requireWorkspace } from "./context.ts";
import { formatAge, printJson, printLine, printTable } from "./print.ts";

export async function showHistory(command: Command): Promise<void> {
  const { flags } = command;
  const context = await openContext(command);
  const stack = await requireStack(context, command);
  const size = parseCount("page-size", flags.text("page-size"), 10);
  const page = { size, number: Math.max(1, parseCount("page", flags.text("page"), 1)) };
  // The CLI has it so: pages of no size are one with everything.
  const updates = await context.backend.listUpdates(stack, size > 0 ? page : undefined);
  if (!flags.on("json")) return printUpdates(updates, page.number);
  const anySecret = updates.some(({ config }) =>
    Object.values(config).some((value) => holdsSecure(value as ConfigValue)),
  );
  const cipher =
    flags.on("show-secrets") && anySecret
      ? await (await requireWorkspace(context, command)).secrets.unlock()
      : undefined;
  printJson(updates.map((update) => describeUpdate(update, cipher)));
}

function parseCount(flag: string, text: string | undefined, usual: number): number {
  const count = Number(text ?? usual);
  if (!Number.isInteger(count)) throw new UserError(`--${flag} takes a number, not ${JSON.stringify(text)}`);
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
  return { ...describeConfigValue(plain), secret };
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

function printUpdates(updates: UpdateRecord[], page: number): void {
  if (updates.length === 0)
    return printLine(page > 1 ? `No stack updates found on page '${page}'` : "Stack has never been updated");
  for (const { version, kind, result, message, environment, startTime, endTime, resourceChanges = {} } of updates) {
    const { create = 0, delete: deleted = 0, update = 0, same = 0 } = resourceChanges;
    printLine(`Version: ${version}\nUpdateKind: ${kind}\nStatus: ${result}\nMessage: ${message}`);
    const age = formatAge(new Date(startTime * 1000));
    printLine(`+${create}-${deleted}~${update} ${same} Updated ${age} took ${endTime - startTime}s`);
    const about = Object.entries(environment).filter(([, value]) => value.trim() !== "");
    for (const [name, value] of about.toSorted(([a], [b]) => (a < b ? -1 : 1))) printLine(`    ${name}: ${value}`);
    printLine("");
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
