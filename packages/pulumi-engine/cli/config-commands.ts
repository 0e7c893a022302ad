import { text as readAll } from "node:stream/consumers";
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import {
  type ConfigValue,
  coerceText,
  decryptConfig,
  describeConfigValue,
  holdsSecure,
  isMap,
  parseConfigKey,
  parseConfigPath,
  toConfigText,
} from "../project/config-value.ts";
import { looksLikeSecret } from "../project/secret-looks.ts";
import { withDeclaredConfig } from "../project/stack-config.ts";
import type { StackWorkspace } from "../workspace.ts";
import type { Command } from "./arguments.ts";
import { openContext, requireWorkspace } from "./context.ts";
import { printJson, printLine, printTable } from "./print.ts";

async function workspaceOf(command: Command): Promise<StackWorkspace> {
  return requireWorkspace(await openContext(command), command);
}

function placeOf(workspace: StackWorkspace, key: string, path: boolean) {
  const project = workspace.project.name;
  return path ? parseConfigPath(key, project) : { key: parseConfigKey(key, project), path: [] };
}

/** The shape of the CLI's `--json`: a secret's value only where it is asked for. */
async function describe(workspace: StackWorkspace, value: ConfigValue, showSecrets: boolean) {
  const secret = holdsSecure(value);
  if (secret && !showSecrets) return { secret };
  const plain = secret ? decryptConfig(value, (await workspace.secrets.unlock()).decrypt) : value;
  return { ...describeConfigValue(plain), secret };
}

export async function listConfig(command: Command): Promise<void> {
  const workspace = await workspaceOf(command);
  const { file, project, stack } = workspace;
  const values = withDeclaredConfig(file.config(), project, stack.name);
  const described = await Promise.all(
    Object.keys(values)
      .toSorted()
      .map(
        async (key) => [key, await describe(workspace, values[key] ?? null, command.flags.on("show-secrets"))] as const,
      ),
  );
  if (command.flags.on("json")) return printJson(Object.fromEntries(described));
  printTable(
    ["KEY", "VALUE"],
    described.map(([key, value]) => [
      shortKey(key, project.name),
      "value" in value ? value.value : toConfigText(decryptConfig(values[key] ?? null, () => "[secret]")),
    ]),
  );
}

const shortKey = (key: string, project: string): string =>
  key.startsWith(`${project}:`) ? key.slice(project.length + 1) : key;

export async function getConfig(command: Command): Promise<void> {
  const workspace = await workspaceOf(command);
  const name = command.positionals[0] ?? "";
  const { key, path } = placeOf(workspace, name, command.flags.on("path"));
  const { file, project, stack } = workspace;
  let value: ConfigValue | undefined = withDeclaredConfig(file.config(), project, stack.name)[key];
  for (const step of path) {
    value = Array.isArray(value) || isMap(value) ? (value as Record<string | number, ConfigValue>)[step] : undefined;
  }
  if (value === undefined) throw new UserError(`configuration key '${name}' not found for stack '${stack.name}'`);
  const described = await describe(workspace, value, true);
  if (command.flags.on("json")) printJson(described);
  else printLine("value" in described ? described.value : "");
}

export async function setConfig(command: Command): Promise<void> {
  const { flags, positionals } = command;
  const kinds = ["secret", "plaintext", "type"].filter((name) => flags.given(name) !== undefined);
  if (kinds.length > 1)
    throw new UserError(`only one of ${kinds.map((kind) => `--${kind}`).join(" and ")} may be given`);
  const workspace = await workspaceOf(command);
  const value = positionals[1] ?? trimLastNewline(await readAll(process.stdin));
  const place = placeOf(workspace, positionals[0] ?? "", flags.on("path"));
  if (!flags.on("secret") && !flags.on("plaintext") && looksLikeSecret(place.key.split(":")[1] ?? "", value)) {
    throw new UserError(
      `config value for '${place.key}' looks like a secret; rerun with --secret to encrypt it, or --plaintext if you meant to store in plaintext`,
    );
  }
  const typed = flags.text("type") === undefined ? undefined : convert(value, flags.text("type") ?? "");
  await setOne(workspace, place, value, flags.on("secret"), typed);
  await workspace.file.save();
}

async function setOne(
  { file, secrets }: StackWorkspace,
  { key, path }: ReturnType<typeof placeOf>,
  text: string,
  secret: boolean,
  typed?: ConfigValue,
): Promise<void> {
  const plain = typed ?? (path.length > 0 ? coerceText(text) : text);
  if (!secret) return file.set(key, path, plain);
  const { encrypt } = await secrets.unlock();
  // What is encrypted needs its salt.
  file.setEncryptionSalt(secrets.salt);
  file.set(key, path, { secure: encrypt(text) });
}

const converters: Record<string, (text: string) => ConfigValue> = {
  string: (text) => text,
  int: (text) => parseNumber(text, /^[+-]?\d+$/),
  float: (text) => parseNumber(text, /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i),
  bool: (text) => {
    if (text === "true" || text === "false") return text === "true";
    throw new UserError(`${JSON.stringify(text)} is not true or false`);
  },
};

function convert(text: string, type: string): ConfigValue {
  const converter = converters[type];
  if (!converter) throw new UserError(`invalid type "${type}"; must be one of string, int, bool, or float`);
  return converter(text);
}

function parseNumber(text: string, pattern: RegExp): number {
  if (!pattern.test(text)) throw new UserError(`${JSON.stringify(text)} is not a number`);
  return Number(text);
}

/** `--secret k=v` and `--plaintext k=v`, in the order given, or the JSON that `config --json` prints. */
export async function setAllConfig(command: Command): Promise<void> {
  const { flags } = command;
  const workspace = await workspaceOf(command);
  const json = flags.text("json");
  if (json !== undefined) await setFromJson(workspace, json);
  for (const { name, value } of flags.inOrder("secret", "plaintext")) {
    const at = value.indexOf("=");
    if (at < 1) throw new UserError(`config value --${name} must be in the form [key]=[value]`);
    await setOne(
      workspace,
      placeOf(workspace, value.slice(0, at), flags.on("path")),
      value.slice(at + 1),
      name === "secret",
    );
  }
  await workspace.file.save();
}

async function setFromJson(workspace: StackWorkspace, json: string): Promise<void> {
  for (const [name, { value, objectValue, secret }] of Object.entries(parseSettings(json))) {
    const place = placeOf(workspace, name, false);
    if (value === undefined) throw new UserError(`${name} has no value: print the settings with --show-secrets`);
    await setOne(workspace, place, value, secret === true, secret ? undefined : objectValue);
  }
}

const settingsSchema = v.record(
  v.string(),
  v.object({
    value: v.optional(v.string()),
    objectValue: v.optional(v.custom<ConfigValue>((value) => value !== undefined)),
    secret: v.optional(v.boolean()),
  }),
);

/** Says nothing of what was given: it may hold secrets. */
function parseSettings(json: string): v.InferOutput<typeof settingsSchema> {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    throw new UserError("could not parse --json argument: it is not JSON");
  }
  const parsed = v.safeParse(settingsSchema, given);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new UserError(`could not parse --json argument: ${v.getDotPath(issue) ?? "it"}: expected ${issue.expected}`);
}

export async function removeConfig(command: Command): Promise<void> {
  const workspace = await workspaceOf(command);
  for (const name of command.positionals) {
    const { key, path } = placeOf(workspace, name, command.flags.on("path"));
    workspace.file.remove(key, path);
  }
  await workspace.file.save();
}

/** Brings the settings of the last update back into the stack file. */
export async function refreshConfig(command: Command): Promise<void> {
  const { backend, stack, file } = await workspaceOf(command);
  const [latest] = await backend.listUpdates(stack, { size: 1, number: 1 });
  if (!latest)
    throw new UserError(`stack '${stack.name}' has never been updated, so there are no settings to bring back`);
  if (!command.flags.on("force")) throw new UserError(`${file.path} would be overwritten: add --force`);
  file.replaceConfig(latest.config as Record<string, ConfigValue>);
  await file.save();
}

function trimLastNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}
