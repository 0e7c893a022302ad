import { join } from "node:path";
import * as v from "valibot";
import { Document, type Node, type Scalar, isMap as isYamlMap, isNode, isScalar, parseDocument, visit } from "yaml";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { tryReadText, writeDurably } from "@pulumi-line-bot/kit/files";
import type { PropertyPath } from "../values/property-path.ts";
import { type ConfigKey, type ConfigValue, isMap, isSecure, parseConfigKey } from "./config-value.ts";
import { needsQuotes, readPlainScalar } from "./plain-scalars.ts";
import { type Project, fileExists } from "./project-file.ts";

/** A stack's settings, `Pulumi.<stack>.yaml`. Edits keep the comments and the order of what is there. */
export interface StackFile {
  readonly path: string;
  encryptionSalt(): string | undefined;
  setEncryptionSalt(salt: string): void;
  /** In the order of the file. */
  config(): Record<ConfigKey, ConfigValue>;
  /** @throws {UserError} where a value on the way is of another shape. */
  set(key: ConfigKey, path: PropertyPath, value: ConfigValue): void;
  remove(key: ConfigKey, path: PropertyPath): void;
  /** Replaces all settings. */
  replaceConfig(config: Record<ConfigKey, ConfigValue>): void;
  save(): Promise<void>;
}

const stackSchema = v.looseObject({
  secretsprovider: v.optional(v.nullable(v.string())),
  encryptedkey: v.optional(v.nullable(v.string())),
  encryptionsalt: v.optional(v.nullable(v.string())),
  environment: v.optional(v.unknown()),
  config: v.optional(
    v.nullable(
      v.pipe(
        v.custom<Record<string, unknown>>((value) => !Array.isArray(value), "is a list, not a map"),
        v.record(v.string(), v.unknown()),
      ),
    ),
  ),
});

const extensions = [".yaml", ".yml"];

/** The file of a stack, which need not exist yet. */
export async function stackFilePath(project: Project, stack: string): Promise<string> {
  const candidates = extensions.map((extension) => join(project.stackConfigFolder, `Pulumi.${stack}${extension}`));
  for (const path of candidates) if (await fileExists(path)) return path;
  return candidates[0] as string;
}

/** @throws {UserError} when the file is none, or asks for what only the Pulumi CLI has. */
export async function readStackFile(path: string, project: string): Promise<StackFile> {
  const document = parseDocument((await tryReadText(path)) ?? "");
  const [error] = document.errors;
  if (error) throw new UserError(`${path} is not YAML: ${error.message}`);
  readSettings(document);
  checkStackFile(document.toJS() ?? {}, path);
  return editStackFile(document.contents === null ? new Document({}) : document, path, project);
}

function checkStackFile(value: unknown, path: string): void {
  const parsed = v.safeParse(stackSchema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UserError(`${path} is not a stack's settings: ${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
  }
  const { environment, secretsprovider } = parsed.output;
  if (environment !== undefined && environment !== null) {
    throw new UserError(`${path} imports an environment of Pulumi ESC, which only the Pulumi CLI opens`);
  }
  if (secretsprovider && secretsprovider !== "passphrase" && secretsprovider !== "default") {
    throw new UserError(
      `${path} names the secrets provider ${secretsprovider.replace(/:.*$/s, "")}, and the embedded engine knows only the passphrase; use the Pulumi CLI`,
    );
  }
}

function editStackFile(document: Document, path: string, project: string): StackFile {
  const config = (): Record<ConfigKey, ConfigValue> => {
    const raw = (document.toJS() as { config?: Record<string, ConfigValue> } | null)?.config ?? {};
    return Object.fromEntries(Object.entries(raw).map(([key, value]) => [parseConfigKey(key, project), value]));
  };
  /** The key as the file writes it, which may be the long form of old releases. */
  const writtenKey = (key: ConfigKey): string => {
    const section = document.get("config");
    const pairs = isYamlMap(section) ? section.items : [];
    const names = pairs.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)));
    return names.find((name) => parseConfigKey(name, project) === key) ?? key;
  };
  return {
    path,
    encryptionSalt: () => (document.get("encryptionsalt") as string | null | undefined) ?? undefined,
    setEncryptionSalt: (salt) => document.set("encryptionsalt", salt),
    config,
    set(key, path, value) {
      const at = ["config", writtenKey(key)];
      const root = config()[key];
      checkPath(root, path, value, key);
      // Pulumi replaces a text or number that stands where the path needs a map or list.
      if (path.length > 0 && !isContainer(root))
        document.setIn(at, document.createNode(typeof path[0] === "number" ? [] : {}));
      document.setIn(
        [...at, ...path],
        inPlaceOf(
          document.getIn([...at, ...path], true),
          createValue(document, path.length > 0 ? value : toSetting(value)),
        ),
      );
    },
    remove(key, path) {
      const at = ["config", writtenKey(key), ...path];
      if (document.hasIn(at)) document.deleteIn(at);
      const section = document.get("config");
      if (isYamlMap(section) && section.items.length === 0) document.delete("config");
    },
    replaceConfig(values) {
      document.set("config", createValue(document, values));
    },
    save: () => writeDurably(path, document.toString({ lineWidth: 0, flowCollectionPadding: false })),
  };
}

/** What stood around the old value stays around the new one, its quotes included. */
function inPlaceOf(old: unknown, node: Node): Node {
  if (!isNode(old)) return node;
  const { comment, commentBefore, spaceBefore } = old;
  if (isScalar(old) && isScalar(node) && old.type && isQuoted(old)) node.type = old.type;
  return Object.assign(node, { comment, commentBefore, spaceBefore });
}

const isQuoted = ({ type }: Scalar): boolean => type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";

/** To Pulumi, a setting that is no map or list is a text. */
const toSetting = (value: ConfigValue): ConfigValue =>
  typeof value === "boolean" || typeof value === "number" ? String(value) : value;

/** A text that would be read as something else is written in quotes. */
function createValue(document: Document, value: ConfigValue): Node {
  const node = document.createNode(value);
  visit(node, {
    Scalar(key, scalar) {
      const { value } = scalar;
      if (key !== "key" && typeof value === "string" && needsQuotes(value)) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return node;
}

/** Gives unquoted values the meaning that they have to Pulumi: `1.50` is 1.5, of which a setting is the text. */
function readSettings(document: Document.Parsed): void {
  const section = document.get("config");
  if (!isYamlMap(section)) return;
  visit(section, {
    Scalar(key, scalar) {
      const { type, source, tag } = scalar;
      if (key === "key" || type !== "PLAIN" || source === undefined || tag !== undefined) return;
      const value = readPlainScalar(source);
      // Inside of a value, numbers are JSON's.
      Object.assign(scalar, { value: typeof value === "bigint" ? Number(value) : value, format: undefined });
      delete scalar.minFractionDigits;
    },
  });
  for (const { value } of section.items) {
    if (!isScalar(value) || typeof value.value === "string") continue;
    const text = String(readPlainScalar(value.source ?? "") ?? "");
    Object.assign(value, { value: text, type: "QUOTE_DOUBLE" });
  }
}

const isContainer = (value: ConfigValue | undefined): boolean =>
  value !== undefined && typeof value === "object" && value !== null && !isSecure(value);

function checkPath(root: ConfigValue | undefined, path: PropertyPath, value: ConfigValue, key: ConfigKey): void {
  let at: ConfigValue | undefined = isContainer(root) ? root : undefined;
  for (const [depth, step] of path.entries()) {
    const where = `${key}${path
      .slice(0, depth)
      .map((part) => `[${JSON.stringify(part)}]`)
      .join("")}`;
    if (step === "*") throw new UserError(`${where}: * names no one element`);
    if (Array.isArray(at)) {
      if (typeof step !== "number") throw new UserError(`${where}: key for an array must be an int`);
      if (step > at.length) throw new UserError(`${where}: array index out of range`);
    } else if (isMap(at)) {
      if (typeof step === "number") throw new UserError(`${where}: key for a map must be a string`);
    } else if (at !== undefined && at !== null) {
      throw new UserError(`${where}: expected ${typeof step === "number" ? "an array" : "a map"}`);
    } else if (typeof step === "number" && step > 0) {
      throw new UserError(`${where}: array index out of range`);
    }
    if (
      depth === path.length - 1 &&
      step === "secure" &&
      typeof value === "string" &&
      Object.keys(at ?? {}).length === 0
    ) {
      throw new UserError(`${where}: maps with the single key "secure" are reserved`);
    }
    at = at === undefined || at === null ? undefined : (at as Record<string | number, ConfigValue>)[step];
  }
}
