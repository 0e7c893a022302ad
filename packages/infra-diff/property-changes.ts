/** What differs between two sets of properties, place by place, as a reviewer wants it: by meaning, without bookkeeping. */
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import { samePolicy } from "@pulumi-line-bot/aws-resources/policy";
import type { PropertyMap, PropertyValue } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { formatPath, type PropertyPath } from "@pulumi-line-bot/pulumi-engine/values/property-path";
import {
  equal,
  isMap,
  isObject,
  isSecret,
  isUnknown,
  kindOf,
  unwrapSecret,
} from "@pulumi-line-bot/pulumi-engine/values/properties";
import { digestText, otherDigestText, type PropertyChange, secretText, unknownText } from "./model.ts";

/** Paths at which order says nothing. */
export type IsSet = (path: string) => boolean;

type Change = Omit<PropertyChange, "replaces">;

export function changesBetween(former: PropertyMap, now: PropertyMap, isSet: IsSet = () => false): Change[] {
  const changes: Change[] = [];
  compareMaps([], former, now, { changes, isSet });
  return changes;
}

interface Search {
  changes: Change[];
  isSet: IsSet;
}

/** The engine's and the providers' own notes. */
const isBookkeeping = (key: string): boolean => key.startsWith("__");

function compareMaps(path: PropertyPath, former: PropertyMap, now: PropertyMap, search: Search): void {
  for (const key of [...new Set([...Object.keys(former), ...Object.keys(now)])].toSorted())
    if (!isBookkeeping(key)) compare([...path, key], former[key], now[key], search);
}

function compare(
  path: PropertyPath,
  former: PropertyValue | undefined,
  now: PropertyValue | undefined,
  search: Search,
): void {
  const [old, fresh] = [former ?? undefined, now ?? undefined];
  if (isSecret(old) || isSecret(fresh)) return compareSecrets(path, old, fresh, search);
  if (old === undefined || fresh === undefined) {
    if (old !== fresh) add(search, path, old, fresh);
    return;
  }
  // Two that are unknown are no news.
  if (equal(old, fresh)) return;
  if (isMap(old) && isMap(fresh)) return compareMaps(path, old, fresh, search);
  if (Array.isArray(old) && Array.isArray(fresh)) return compareLists(path, old, fresh, search);
  if (typeof old === "string" && typeof fresh === "string") return compareTexts(path, old, fresh, search);
  add(search, path, old, fresh);
}

/** The hash of code or of any other content: that it is another one is all that it says. */
const digest = /^[0-9a-f]{64}$/;

function compareTexts(path: PropertyPath, old: string, fresh: string, search: Search): void {
  if (digest.test(old) && (digest.test(fresh) || isUnknown(fresh))) {
    const change = { path: formatPath(path), kind: "change", secret: false } as const;
    search.changes.push({ ...change, former: digestText, now: otherDigestText });
    return;
  }
  const [was, is] = [tryParseContainer(old), tryParseContainer(fresh)];
  if (was === undefined || is === undefined) return add(search, path, old, fresh);
  if (isPolicy(was) && isPolicy(is)) {
    if (!samePolicy(old, fresh)) compareSets(path, statementsOf(was), statementsOf(is), search);
    return;
  }
  compare(path, was, is, search);
}

/** JSON with something in it; a number or a text alone says more as it is. */
export const tryParseContainer = (text: string): PropertyValue | undefined =>
  /^\s*[[{]/.test(text) ? (tryParseJson(text) as PropertyValue | undefined) : undefined;

const isPolicy = (value: PropertyValue): boolean => isMap(value) && "Statement" in value;

function statementsOf(policy: PropertyValue): PropertyValue[] {
  const statements = isMap(policy) ? policy["Statement"] : undefined;
  return (Array.isArray(statements) ? statements : [statements ?? null]).map(inOrder);
}

/** The lists of a statement are sets. */
function inOrder(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) {
    const items = value.map(inOrder).toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
    return items.length === 1 ? (items[0] ?? null) : items;
  }
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, item]) => [key, inOrder(item)]),
  );
}

function compareLists(path: PropertyPath, old: PropertyValue[], fresh: PropertyValue[], search: Search): void {
  if (search.isSet(formatPath(path))) return compareSets(path, old, fresh, search);
  for (let index = 0; index < Math.max(old.length, fresh.length); index++)
    compare([...path, index], old[index], fresh[index], search);
}

/** Each element is there or not. */
function compareSets(path: PropertyPath, old: PropertyValue[], fresh: PropertyValue[], search: Search): void {
  const gone = old.filter((item) => !fresh.some((other) => equal(item, other)));
  const come = fresh.filter((item) => !old.some((other) => equal(item, other)));
  for (const item of gone) compare(path, item, undefined, search);
  for (const item of come) compare(path, undefined, item, search);
}

/** Which part of a secret differs can be said where it is an object; never what it is. */
function compareSecrets(
  path: PropertyPath,
  former: PropertyValue | undefined,
  now: PropertyValue | undefined,
  search: Search,
): void {
  const [old, fresh] = [former, now].map((side) => (side === undefined ? undefined : unwrapSecret(side)));
  if (equal(old, fresh) && isSecret(former) === isSecret(now)) return;
  const [was, is] = [old, fresh].map((side) => (typeof side === "string" ? tryParseContainer(side) : side));
  if (isMap(was) && isMap(is) && !equal(was, is)) {
    for (const key of [...new Set([...Object.keys(was), ...Object.keys(is)])].toSorted())
      if (!equal(was[key], is[key])) addSecret(search, [...path, key], was[key], is[key]);
  } else addSecret(search, path, former, now);
}

function addSecret(search: Search, path: PropertyPath, old?: PropertyValue, fresh?: PropertyValue): void {
  search.changes.push({ path: formatPath(path), kind: kindOfChange(old, fresh), secret: true });
}

function add(
  search: Search,
  path: PropertyPath,
  old: PropertyValue | undefined,
  fresh: PropertyValue | undefined,
): void {
  search.changes.push({
    path: formatPath(path),
    kind: kindOfChange(old, fresh),
    ...(old === undefined ? {} : { former: toShown(old) }),
    ...(fresh === undefined ? {} : { now: toShown(fresh) }),
    secret: false,
  });
}

function kindOfChange(old: PropertyValue | undefined, fresh: PropertyValue | undefined): Change["kind"] {
  if (old === undefined) return "add";
  return fresh === undefined ? "remove" : "change";
}

/** The value as a person may see it. */
export function toShown(value: PropertyValue): unknown {
  if (isUnknown(value)) return unknownText;
  if (Array.isArray(value)) return value.map(toShown);
  if (typeof value === "string") return toShownText(value);
  if (!isObject(value)) return value;
  const kind = kindOf(value);
  if (kind === "secret") return secretText;
  if (kind === "asset" || kind === "archive") return `[${kind}]`;
  if (kind === "output" || kind === "resource") return unknownText;
  const members = Object.entries(value).filter(([key]) => !isBookkeeping(key));
  return Object.fromEntries(members.map(([key, item]) => [key, toShown(item)]));
}

/** JSON text is shown as what it says. */
function toShownText(text: string): unknown {
  const parsed = tryParseContainer(text);
  return parsed === undefined ? text : toShown(parsed);
}
