import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type SecretsManager, DecryptionFailed } from "../secrets/passphrase.ts";
import { type ConfigKey, type ConfigValue, decryptConfig, holdsSecure, toConfigText } from "./config-value.ts";
import type { DeclaredConfig, Project } from "./project-file.ts";
import type { StackFile } from "./stack-file.ts";

/** A stack's settings as a program gets them. */
export interface StackConfig {
  config: Record<ConfigKey, string>;
  secretKeys: ReadonlySet<ConfigKey>;
}

/** The stack's settings over the project's, decrypted. */
export async function resolveStackConfig(options: {
  project: Project;
  stack: string;
  file: StackFile;
  secrets: SecretsManager;
  overrides?: Record<string, string>;
}): Promise<StackConfig> {
  const { project, stack, file, secrets, overrides = {} } = options;
  const values = withDeclaredConfig({ ...file.config(), ...overrides }, project, stack);
  const secretKeys = new Set(Object.keys(values).filter((key) => holdsSecure(values[key] ?? null)));
  const config = await decryptAll(values, secretKeys.size > 0 ? secrets : undefined, file.path);
  return { config, secretKeys };
}

async function decryptAll(
  values: Record<ConfigKey, ConfigValue>,
  secrets: SecretsManager | undefined,
  path: string,
): Promise<Record<ConfigKey, string>> {
  const cipher = await secrets?.unlock();
  const config: Record<ConfigKey, string> = {};
  for (const [key, value] of Object.entries(values)) {
    try {
      config[key] = toConfigText(cipher ? decryptConfig(value, cipher.decrypt) : value);
    } catch (cause) {
      if (!(cause instanceof DecryptionFailed)) throw cause;
      throw new UserError(
        `${key} in ${path} was not encrypted with this stack's passphrase: set it again with \`pulumi config set --secret ${key}\``,
        { cause },
      );
    }
  }
  return config;
}

export function withDeclaredConfig(
  values: Record<ConfigKey, ConfigValue>,
  project: Project,
  stack: string,
): Record<ConfigKey, ConfigValue> {
  const all = { ...values };
  for (const [key, declared] of Object.entries(project.config)) {
    if (all[key] === undefined && declared.value !== undefined) all[key] = declared.value;
    checkDeclared(key, all[key], declared, stack);
  }
  return all;
}

const typeTests: Record<NonNullable<DeclaredConfig["type"]>, (value: ConfigValue) => boolean> = {
  string: (value) => !Array.isArray(value),
  // A stack file holds what `config set` wrote, which is text.
  integer: (value) => Number.isInteger(value) || (typeof value === "string" && /^[+-]?\d+$/.test(value)),
  boolean: (value) => typeof value === "boolean" || value === "true" || value === "false",
  array: (value) => Array.isArray(value),
};

function checkDeclared(key: ConfigKey, value: ConfigValue | undefined, { type }: DeclaredConfig, stack: string): void {
  if (type === undefined) return;
  if (value === undefined) {
    throw new UserError(
      `Stack '${stack}' is missing configuration value '${key}': set it with \`pulumi config set ${key} <value> --stack ${stack}\``,
    );
  }
  if (!holdsSecure(value) && !typeTests[type](value)) {
    throw new UserError(`Stack '${stack}' with configuration key '${key}' must be of type '${type}'`);
  }
}
