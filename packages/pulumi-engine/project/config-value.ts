import { canonicalJson } from "@pulumi-line-bot/kit/json";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type PropertyPath, parsePath } from "../values/property-path.ts";
import type { Cipher } from "../secrets/passphrase.ts";

/** A setting as a stack file has it; a map with the one key `secure` is a ciphertext. */
export type ConfigValue = null | boolean | number | string | ConfigValue[] | { [key: string]: ConfigValue };

/** `<namespace>:<name>`; a name without a namespace belongs to the project. */
export type ConfigKey = string;

export function parseConfigKey(text: string, project: string): ConfigKey {
  const [namespace, ...rest] = text.split(":");
  if (rest.length === 0) return `${project}:${text}`;
  // `<namespace>:config:<name>` is how the first releases of Pulumi wrote it.
  const name = rest.length === 2 && rest[0] === "config" ? rest[1] : rest[0];
  if (!namespace || !name || rest.length > 2 || (rest.length === 2 && rest[0] !== "config")) {
    throw new UserError(
      `invalid configuration key: could not parse ${text} as a configuration key (configuration keys should be of the form \`<namespace>:<name>\`)`,
    );
  }
  return `${namespace}:${name}`;
}

/** Splits `outer.inner[0]` (with or without a namespace) into the setting's key and the way inside of its value. */
export function parseConfigPath(text: string, project: string): { key: ConfigKey; path: PropertyPath } {
  // A colon inside of quotes belongs to the path.
  const namespaced = /^([^:[\]".]+):(.*)$/s.exec(text);
  const [namespace, rest] = namespaced ? [namespaced[1] ?? "", namespaced[2] ?? ""] : [project, text];
  const [first, ...path] = parsePath(rest) ?? [];
  if (typeof first !== "string" || first === "" || first === "*") {
    throw new UserError(`invalid configuration key: ${text} is not a path such as name, outer.inner or list[0]`);
  }
  return { key: `${namespace}:${first}`, path };
}

export function isSecure(value: ConfigValue): value is { secure: string } {
  return isMap(value) && typeof value["secure"] === "string" && Object.keys(value).length === 1;
}

export function isMap(value: ConfigValue | undefined): value is { [key: string]: ConfigValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function holdsSecure(value: ConfigValue): boolean {
  if (Array.isArray(value)) return value.some(holdsSecure);
  return isMap(value) && (isSecure(value) || Object.values(value).some(holdsSecure));
}

/** The value with each ciphertext replaced by what `decrypt` makes of it. */
export function decryptConfig(value: ConfigValue, decrypt: Cipher["decrypt"]): ConfigValue {
  if (Array.isArray(value)) return value.map((element) => decryptConfig(element, decrypt));
  if (!isMap(value)) return value;
  if (isSecure(value)) return decrypt(value.secure);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decryptConfig(inner, decrypt)]));
}

/** What a program gets: text as it is, everything else as JSON with sorted keys. */
export function toConfigText(value: ConfigValue): string {
  return typeof value === "string" ? value : canonicalJson(value);
}

/** The shape of the CLI's `--json`. */
export function describeConfigValue(value: ConfigValue): { value: string; objectValue?: ConfigValue } {
  const isObject = typeof value === "object" && value !== null;
  return { value: toConfigText(value), ...(isObject && { objectValue: sortKeys(value) }) };
}

function sortKeys(value: ConfigValue): ConfigValue {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key] ?? null)]),
  );
}

/** What `config set --path` makes of a text inside of a value: `true` a boolean, `12` a number, `012` a text. */
export function coerceText(text: string): ConfigValue {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return /^[+-]?\d+$/.test(text) && !/^0\d/.test(text) && Number.isSafeInteger(number) ? number : text;
}
