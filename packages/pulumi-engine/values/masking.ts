/** What may be seen of values and texts. */
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import type { PropertyMap } from "../contracts/contracts.ts";
import { isObject, kindOf, mapProperties, SIGNATURE, SIGNATURES, UNKNOWN } from "./properties.ts";

/** For eyes: no secret, and no text of an asset, which may be of any length. */
export function maskForDisplay(map: PropertyMap, hide: (text: string) => string): PropertyMap {
  return mapProperties(map, (value) => {
    if (typeof value === "string") return hide(value);
    if (!isObject(value)) return value;
    const kind = kindOf(value);
    if (kind === "secret") return { [SIGNATURE]: SIGNATURES.secret, ciphertext: "[secret]" };
    if (kind === "asset" && value["text"]) return { ...value, text: "<contents elided>" };
    if (kind === "output") return UNKNOWN;
    return value;
  });
}

/** Secret settings may turn up in messages and plain values; what is shorter than three characters hides nothing. */
export function createSecretFilter(values: string[]): (text: string) => string {
  const leaves = (value: unknown): string[] => {
    if (typeof value === "string") return [value];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
  };
  const secrets = values
    .flatMap((value) => [value, ...leaves(tryParseJson(value))])
    .filter((value) => value.length >= 3);
  if (secrets.length === 0) return (text) => text;
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), text);
}
