/** Paths into property maps: `root.nested["a key"][0].*`, where `*` stands for any key or index. */
import type { PropertyMap, PropertyValue } from "./contracts.ts";
import { isMap, isSecret, secret, unwrapSecret } from "./properties.ts";

export type PropertyPath = (string | number)[];

const element = /\.?(?:\[(\d+|\*|"(?:[^"\\]|\\.)*")\]|([^.[\]]+))/y;

/** Undefined for a text that is not a path. */
export function parsePath(text: string): PropertyPath | undefined {
  const path: PropertyPath = [];
  element.lastIndex = 0;
  while (element.lastIndex < text.length) {
    const match = element.exec(text);
    if (!match) return undefined;
    const [, index, key] = match;
    if (key !== undefined) path.push(key);
    else if (index === "*") path.push("*");
    else if (index?.startsWith('"')) path.push(index.slice(1, -1).replaceAll(/\\(.)/g, "$1"));
    else path.push(Number(index));
  }
  return path;
}

export function formatPath(path: PropertyPath): string {
  return path
    .map((key, i) => {
      if (typeof key === "number") return `[${key}]`;
      if (/[.[\]"]/.test(key)) return `["${key.replaceAll('"', '\\"')}"]`;
      return i === 0 ? key : `.${key}`;
    })
    .join("");
}

/** Whether the path leads to what `pattern` names, or to something below it. */
export function pathContains(pattern: PropertyPath, path: PropertyPath): boolean {
  return path.length >= pattern.length && pattern.every((key, i) => key === "*" || key === path[i]);
}

/**
 * The new inputs with the old value at the path, for `ignoreChanges`. Undefined where that cannot be: an element of a
 * list that was added or removed, or something above the path that is there on one side only.
 */
export function resetPath(path: PropertyPath, olds: PropertyMap, news: PropertyMap): PropertyMap | undefined {
  const result = reset(path, { value: olds, secret: false }, { value: news, secret: false });
  return result === undefined ? undefined : (result as PropertyMap);
}

interface Side {
  value: PropertyValue;
  /** Something around the value is secret. */
  secret: boolean;
}

function reset(path: PropertyPath, oldSide: Side, newSide: Side): PropertyValue | undefined {
  const olds: Side = { value: unwrapSecret(oldSide.value), secret: oldSide.secret || isSecret(oldSide.value) };
  const news: Side = { value: unwrapSecret(newSide.value), secret: newSide.secret || isSecret(newSide.value) };
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  const result =
    key === "*"
      ? resetAll(rest, olds, news)
      : typeof key === "number"
        ? resetIndex(key, rest, olds, news)
        : resetKey(key, rest, olds, news);
  if (result === undefined) return undefined;
  return isSecret(newSide.value) ? secret(result) : result;
}

/** The old value, marked as secret where it loses the secret around it by the move. */
const moved = (value: PropertyValue, olds: Side, news: Side): PropertyValue =>
  olds.secret && !news.secret ? secret(value) : value;

function resetIndex(index: number, rest: PropertyPath, olds: Side, news: Side): PropertyValue | undefined {
  const [o, n] = [olds.value, news.value];
  if (!Array.isArray(o) || !Array.isArray(n)) return Array.isArray(o) === Array.isArray(n) ? n : undefined;
  if (index >= o.length && index >= n.length) return rest.length === 0 ? n : undefined;
  const [before, after] = [o[index], n[index]];
  if (before === undefined || after === undefined) return undefined;
  const value =
    rest.length === 0 ? moved(before, olds, news) : reset(rest, { ...olds, value: before }, { ...news, value: after });
  return value === undefined ? undefined : n.with(index, value);
}

function resetKey(key: string, rest: PropertyPath, olds: Side, news: Side): PropertyValue | undefined {
  const before = isMap(olds.value) ? olds.value[key] : undefined;
  const n = news.value;
  if (rest.length === 0) {
    if (before !== undefined) return isMap(n) ? { ...n, [key]: moved(before, olds, news) } : undefined;
    return isMap(n) ? without(n, key) : n;
  }
  if (!isMap(olds.value) || !isMap(n)) return isMap(olds.value) === isMap(n) ? n : undefined;
  const after = n[key];
  if (after === undefined) return before === undefined ? n : undefined;
  const value = reset(rest, { ...olds, value: before ?? null }, { ...news, value: after });
  return value === undefined ? undefined : { ...n, [key]: value };
}

function resetAll(rest: PropertyPath, olds: Side, news: Side): PropertyValue | undefined {
  const [o, n] = [olds.value, news.value];
  const one = (before: PropertyValue, after: PropertyValue): PropertyValue | undefined =>
    rest.length === 0 ? moved(before, olds, news) : reset(rest, { ...olds, value: before }, { ...news, value: after });
  if (isMap(n)) {
    if (!isMap(o)) return rest.length === 0 ? n : undefined;
    const result: PropertyMap = rest.length === 0 ? {} : { ...n };
    for (const [key, before] of Object.entries(o)) {
      const after = n[key];
      if (after === undefined && rest.length > 0) return undefined;
      const value = one(before, after ?? null);
      if (value === undefined) return undefined;
      result[key] = value;
    }
    return result;
  }
  if (!Array.isArray(n)) return undefined;
  if (!Array.isArray(o)) return rest.length === 0 ? n : undefined;
  if (o.length !== n.length) return undefined;
  const items = n.map((after, i) => one(o[i] ?? null, after));
  return items.every((item) => item !== undefined) ? items : undefined;
}

function without(map: PropertyMap, key: string): PropertyMap {
  const { [key]: _, ...rest } = map;
  return rest;
}
