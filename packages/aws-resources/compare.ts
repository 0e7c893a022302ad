import type { TypeRules } from "./attributes.ts";
import { canonicalJson, isObject } from "@pulumi-line-bot/kit/json";
import { sameJson, samePolicy } from "./policy.ts";
import type { Field } from "./schema.ts";
import { elementOf } from "./validate.ts";
import { containsUnknown, isArchive } from "./values.ts";

type Kind = "add" | "delete" | "update";

/** One place where what is there and what is wanted differ. */
export interface Difference {
  path: string;
  kind: Kind;
  /** Whether this place alone forces a replacement. */
  replaces: boolean;
}

interface Place {
  field: Field;
  path: string;
  replaces: boolean;
  same: TypeRules["same"];
}

/** Differences between one property as it is and as it is wanted. */
export function compare(old: unknown, wanted: unknown, place: Place): Difference[] {
  const { field, path } = place;
  const replaces = place.replaces || field.replaces === true;
  const here = { ...place, replaces };
  if (wanted === undefined) return compareWithUnset(old, here);
  if (isEmpty(old)) return isEmpty(wanted) ? [] : [{ path, kind: "add", replaces }];
  if (containsUnknown(wanted) && !isObject(wanted) && !Array.isArray(wanted))
    return [{ path, kind: "update", replaces }];
  if (field.type === "list") return compareLists(old as unknown[], wanted as unknown[], here);
  if (field.type === "set") return compareSets(old as unknown[], wanted as unknown[], here);
  if (field.type === "map") return compareMaps(old, wanted, here);
  if (field.type === "object") return compareObjects(old, wanted, here);
  if (isArchive(old) && isArchive(wanted)) return old.hash === wanted.hash ? [] : [{ path, kind: "update", replaces }];
  return isSame(old, wanted, here) ? [] : [{ path, kind: "update", replaces }];
}

/** Left out: what the service chose stays, a default comes back, anything else is cleared. */
function compareWithUnset(old: unknown, place: Place): Difference[] {
  const { field, path, replaces } = place;
  if (isEmpty(old) || field.computed || field.writeOnly || place.same?.(path, old, undefined)) return [];
  if (field.default !== undefined) return isSame(old, field.default, place) ? [] : [{ path, kind: "update", replaces }];
  if (field.type === "object" && isObject(old)) {
    const inner = Object.entries(field.fields ?? {});
    // An object that holds only what the service fills in was never asked for.
    if (inner.length > 0 && inner.every(([name, member]) => isEmpty(old[name]) || member.computed === true)) return [];
  }
  return [{ path, kind: "delete", replaces }];
}

function compareObjects(old: unknown, wanted: unknown, place: Place): Difference[] {
  if (!isObject(old) || !isObject(wanted)) return [{ path: place.path, kind: "update", replaces: place.replaces }];
  return Object.entries(place.field.fields ?? {}).flatMap(([name, field]) =>
    compare(old[name], wanted[name], { ...place, field, path: `${place.path}.${name}` }),
  );
}

function compareMaps(old: unknown, wanted: unknown, place: Place): Difference[] {
  if (!isObject(old) || !isObject(wanted)) return [{ path: place.path, kind: "update", replaces: place.replaces }];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(wanted)])].sort();
  return keys.flatMap((key): Difference[] => {
    const path = /^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)
      ? `${place.path}.${key}`
      : `${place.path}[${JSON.stringify(key)}]`;
    const { replaces } = place;
    if (!(key in wanted)) return [{ path, kind: "delete", replaces }];
    if (!(key in old)) return [{ path, kind: "add", replaces }];
    return canonicalJson(old[key]) === canonicalJson(wanted[key]) ? [] : [{ path, kind: "update", replaces }];
  });
}

function compareLists(old: unknown[], wanted: unknown[], place: Place): Difference[] {
  const field = elementOf(place.field);
  const { replaces } = place;
  return Array.from({ length: Math.max(old.length, wanted.length) }, (_, index): Difference[] => {
    const path = `${place.path}[${index}]`;
    if (index >= wanted.length) return [{ path, kind: "delete", replaces }];
    if (index >= old.length) return [{ path, kind: "add", replaces }];
    return compare(old[index], wanted[index], { ...place, field, path });
  }).flat();
}

/** Elements are paired by meaning, not by place. */
function compareSets(old: unknown[], wanted: unknown[], place: Place): Difference[] {
  const field = elementOf(place.field);
  const { replaces } = place;
  const isEqual = (one: unknown, other: unknown) =>
    compare(one, other, { ...place, field, path: place.path }).length === 0;
  const removed = old.flatMap((item, index) => (wanted.some((other) => isEqual(item, other)) ? [] : [index]));
  const added = wanted.flatMap((item, index) => (old.some((other) => isEqual(other, item)) ? [] : [index]));
  return [...new Set([...removed, ...added])]
    .sort((a, b) => a - b)
    .map((index): Difference => {
      const kind: Kind = removed.includes(index) ? (added.includes(index) ? "update" : "delete") : "add";
      return { path: `${place.path}[${index}]`, kind, replaces };
    });
}

function isSame(old: unknown, wanted: unknown, { field, path, same }: Place): boolean {
  if (old === wanted || (isEmpty(old) && isEmpty(wanted))) return true;
  if (typeof old === "string" && typeof wanted === "string") {
    if (field.format === "policy") return samePolicy(old, wanted);
    if (field.format === "json") return sameJson(old, wanted);
  }
  return same?.(path, old, wanted) ?? false;
}

/** The provider cannot tell a value that is not set from an empty one. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).every((key) => key === "__defaults");
}
