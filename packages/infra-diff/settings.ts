/** A stack's settings without their secrets: nothing is decrypted. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import * as v from "valibot";
import {
  type ConfigKey,
  type ConfigValue,
  decryptConfig,
  holdsSecure,
  parseConfigKey,
  toConfigText,
} from "@pulumi-line-bot/pulumi-engine/project/config-value";
import { fileExists, type Project } from "@pulumi-line-bot/pulumi-engine/project/project-file";
import { withDeclaredConfig } from "@pulumi-line-bot/pulumi-engine/project/stack-config";
import { stackFilePath } from "@pulumi-line-bot/pulumi-engine/project/stack-file";
import { UserError } from "@pulumi-line-bot/kit/user-error";

export interface StackSettings {
  values: Record<ConfigKey, ConfigValue>;
  /** What its secrets are encrypted with: another one makes every ciphertext another one. */
  encryption: string;
}

const stackFile = v.nullish(
  v.looseObject({
    encryptionsalt: v.nullish(v.string()),
    encryptedkey: v.nullish(v.string()),
    secretsprovider: v.nullish(v.string()),
    config: v.nullish(v.record(v.string(), v.unknown())),
  }),
);

/** `undefined` if there is no such stack. */
export async function tryReadSettings(project: Project, stack: string): Promise<StackSettings | undefined> {
  const path = await stackFilePath(project, stack);
  if (!(await fileExists(path))) return undefined;
  const parsed = v.safeParse(stackFile, parseYaml(await readFile(path, "utf8")));
  if (!parsed.success)
    throw new UserError(`Pulumi.${stack}.yaml is not a stack's settings: ${parsed.issues[0].message}`);
  const { config, encryptionsalt, encryptedkey, secretsprovider } = parsed.output ?? {};
  return {
    values: Object.fromEntries(
      Object.entries(config ?? {}).map(([key, value]) => [parseConfigKey(key, project.name), value as ConfigValue]),
    ),
    encryption: JSON.stringify([secretsprovider ?? "", encryptedkey ?? "", encryptionsalt ?? ""]),
  };
}

/** What a stack of which nobody has set everything yet is evaluated with. */
const standIns: Record<ConfigKey, { value: ConfigValue; unless?: ConfigKey }> = {
  "aws:region": { value: "us-east-1" },
  "aws:allowedAccountIds": { value: ["000000000000"] },
  "line:channelId": { value: "1000000000", unless: "line:credentialsSecret" },
  "line:channelSecret": { value: { secure: "not set" }, unless: "line:credentialsSecret" },
};

/** A pin says which bytes may be deployed. What is compared is what the sources make of a stack, whichever is pinned. */
const guards: ReadonlySet<ConfigKey> = new Set(["line-bot:artifact", "line-bot:commit"]);

export interface CompletedSettings {
  base: StackSettings | undefined;
  head: StackSettings | undefined;
  /** Keys that neither side sets. */
  standIns: ConfigKey[];
}

/** What neither side sets stands in on both; what only head sets holds for base, which could not be deployed without. */
export function completeSettings(base: StackSettings | undefined, head: StackSettings | undefined): CompletedSettings {
  const missing = (side: StackSettings | undefined, key: ConfigKey): boolean => side?.values[key] === undefined;
  const used = Object.keys(standIns).filter((key) => {
    const { unless } = standIns[key] ?? {};
    const isNeeded = unless === undefined || (missing(base, unless) && missing(head, unless));
    return isNeeded && missing(base, key) && missing(head, key);
  });
  const complete = (side: StackSettings | undefined, from: StackSettings | undefined): StackSettings | undefined => {
    if (side === undefined) return undefined;
    const values = { ...side.values };
    for (const key of used) values[key] = standIns[key]?.value ?? null;
    for (const key of Object.keys(standIns)) values[key] ??= from?.values[key] as ConfigValue;
    const kept = Object.entries(values).filter(([key, value]) => value !== undefined && !guards.has(key));
    return { ...side, values: Object.fromEntries(kept) };
  };
  return { base: complete(base, head), head: complete(head, undefined), standIns: used };
}

export interface EvaluatedSettings {
  config: Record<ConfigKey, string>;
  secretKeys: ReadonlySet<ConfigKey>;
}

/** Settings as the program gets them. In place of a secret is a text that is another one when its ciphertext is. */
export function toEvaluated(settings: StackSettings, project: Project, stack: string): EvaluatedSettings {
  const values = withDeclaredConfig(settings.values, project, stack);
  return {
    config: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, toConfigText(decryptConfig(value, secretPlaceholder))]),
    ),
    secretKeys: new Set(Object.keys(values).filter((key) => holdsSecure(values[key] ?? null))),
  };
}

function secretPlaceholder(ciphertext: string): string {
  return createHash("sha256").update(ciphertext).digest("hex").slice(0, 32);
}
