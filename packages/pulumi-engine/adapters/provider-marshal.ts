/** What a provider gets depends on what it understands; what it answers is put back into the engine's form. */
import {
  isMap,
  isObject,
  isSecret,
  isUnknown,
  kindOf,
  SIGNATURE,
  someValue,
  withoutOutputs,
} from "../values/properties.ts";
import type { PropertyMap, PropertyValue } from "../contracts/contracts.ts";

export interface Protocol {
  acceptsSecrets: boolean;
  acceptsResources: boolean;
  supportsPreview: boolean;
  supportsAutonaming?: boolean;
}

export interface MarshalOptions extends Pick<Protocol, "acceptsSecrets" | "acceptsResources"> {
  /** Leave unknown values out: the provider is asked to do something, not to imagine it. */
  dropUnknowns?: boolean;
  /** Only the hash of an asset: what it holds does not matter for a comparison. */
  elideAssets?: boolean;
}

export function forProvider(map: PropertyMap, options: MarshalOptions): PropertyMap {
  return marshalMap(withoutOutputs(map), options);
}

function marshalMap(map: PropertyMap, options: MarshalOptions): PropertyMap {
  const result: PropertyMap = {};
  for (const [key, value] of Object.entries(map)) {
    const marshalled = marshal(value, options);
    if (marshalled !== undefined) result[key] = marshalled;
  }
  return result;
}

function marshal(value: PropertyValue, options: MarshalOptions): PropertyValue | undefined {
  if (options.dropUnknowns && isUnknown(value)) return undefined;
  if (Array.isArray(value)) return value.flatMap((item) => marshal(item, options) ?? (item === null ? [null] : []));
  if (!isObject(value)) return value;
  if (isSecret(value) && !options.acceptsSecrets) return marshal(value["value"] ?? null, options);
  const kind = kindOf(value);
  if (kind === "resource" && !options.acceptsResources) return value["id"] ?? value["urn"] ?? null;
  if ((kind === "asset" || kind === "archive") && options.elideAssets && value["hash"])
    return { [SIGNATURE]: value[SIGNATURE] ?? null, hash: value["hash"] };
  return marshalMap(value, options);
}

/** @throws if something is unknown that has to be known by now */
export function rejectUnknowns(map: PropertyMap): PropertyMap {
  for (const [key, value] of Object.entries(map))
    if (someValue(value, isUnknown)) throw new Error(`unexpected unknown property value for "${key}"`);
  return map;
}

/** A provider that was shown only the hash of an asset gives only that back; what it held is known here. */
export function restoreAssets(original: PropertyMap, read: PropertyMap): PropertyMap {
  const known = new Map<string, PropertyValue>();
  someValue(original, (value) => {
    if (isAsset(value)) known.set(keyOf(value), value);
    return false;
  });
  if (known.size === 0) return read;
  const restore = (value: PropertyValue): PropertyValue => {
    if (Array.isArray(value)) return value.map(restore);
    if (isAsset(value)) return isEmpty(value) ? (known.get(keyOf(value)) ?? value) : value;
    return isMap(value) || isSecret(value)
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restore(item)]))
      : value;
  };
  return Object.fromEntries(Object.entries(read).map(([key, value]) => [key, restore(value)]));
}

type Asset = { [key: string]: PropertyValue };
const isAsset = (value: PropertyValue): value is Asset => ["asset", "archive"].includes(kindOf(value) ?? "");
const keyOf = (asset: Asset): string => JSON.stringify([kindOf(asset), asset["hash"]]);
const isEmpty = (asset: Asset): boolean => !["text", "path", "uri", "assets"].some((key) => asset[key]);
