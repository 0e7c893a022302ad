import { access, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { parse as parseYaml } from "yaml";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { ConfigValue } from "./config-value.ts";

/** A `Pulumi.yaml`, as far as an engine reads it. */
export interface Project {
  name: string;
  /** The folder of the file, which is where the program's paths start. */
  folder: string;
  file: string;
  description?: string;
  /** The program's folder or file, relative to the project's. */
  main: string;
  runtime: { name: string; options: Record<string, unknown> };
  backendUrl?: string;
  /** Where the stack files are. */
  stackConfigFolder: string;
  /** Settings that the project declares for all its stacks. */
  config: Record<string, DeclaredConfig>;
  /** Every operation begins with a refresh. */
  refreshAlways: boolean;
}

export interface DeclaredConfig {
  /** `undefined` if nothing is checked. */
  type?: "string" | "integer" | "boolean" | "array" | undefined;
  /** What a stack has that does not set the key; undefined: it has to. */
  value?: ConfigValue | undefined;
}

const configValue = v.custom<ConfigValue>((value) => value !== undefined);
const declaredConfig = v.strictObject({
  type: v.optional(v.picklist(["string", "integer", "boolean", "array"])),
  description: v.optional(v.string()),
  items: v.optional(v.unknown()),
  default: v.optional(configValue),
  value: v.optional(configValue),
  secret: v.optional(v.boolean()),
});
const scalar = v.union([v.string(), v.number(), v.boolean(), v.array(v.unknown())]);

const projectSchema = v.looseObject({
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{1,100}$/)),
  description: v.optional(v.nullable(v.string())),
  main: v.optional(v.string()),
  runtime: v.union([
    v.pipe(
      v.string(),
      v.transform((name) => ({ name, options: {} })),
    ),
    v.object({ name: v.string(), options: v.optional(v.nullable(v.record(v.string(), v.unknown()))) }),
  ]),
  backend: v.optional(v.nullable(v.object({ url: v.optional(v.string()) }))),
  stackConfigDir: v.optional(v.string()),
  config: v.optional(v.nullable(v.union([v.string(), v.record(v.string(), v.union([declaredConfig, scalar]))]))),
  options: v.optional(v.nullable(v.object({ refresh: v.optional(v.string()) }))),
});

const fileNames = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"];

/** The project that a folder belongs to: its own, or the nearest above it. */
export async function findProject(folder: string): Promise<Project> {
  const project = await tryFindProject(folder);
  if (project) return project;
  throw new UserError(
    `no Pulumi.yaml project file found (searching upwards from ${resolve(folder)}): run this in a project's folder, or name one with --cwd`,
  );
}

export async function tryFindProject(folder: string): Promise<Project | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    for (const name of fileNames) if (await fileExists(join(at, name))) return readProject(join(at, name));
    if (at === dirname(at)) return undefined;
  }
}

async function readProject(file: string): Promise<Project> {
  const parsed = v.safeParse(projectSchema, parseYamlFile(await readFile(file, "utf8"), file));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UserError(`${file} is not a project: ${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
  }
  const { name, description, main, runtime, backend, config, stackConfigDir, options } = parsed.output;
  const folder = dirname(file);
  // `config: <folder>` is how old projects name the folder of their stack files.
  const configFolder = stackConfigDir ?? (typeof config === "string" ? config : ".");
  const declared = typeof config === "string" ? {} : (config ?? {});
  return {
    name,
    folder,
    file,
    ...(description && { description }),
    main: main ?? ".",
    runtime: { name: runtime.name, options: runtime.options ?? {} },
    ...(backend?.url && { backendUrl: backend.url }),
    stackConfigFolder: resolve(folder, configFolder),
    config: Object.fromEntries(
      Object.entries(declared).map(([key, value]) => [key.includes(":") ? key : `${name}:${key}`, declare(value)]),
    ),
    refreshAlways: options?.refresh === "always",
  };
}

function declare(value: v.InferOutput<typeof declaredConfig> | v.InferOutput<typeof scalar>): DeclaredConfig {
  if (typeof value !== "object" || Array.isArray(value)) return { value: value as ConfigValue };
  return { type: value.type, value: value.value ?? value.default };
}

function parseYamlFile(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new UserError(`${file} is not YAML: ${messageOf(cause)}`, { cause });
  }
}

export async function fileExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
