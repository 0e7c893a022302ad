/** Paths into property maps: `root.nested["a key"][0].*`, where `*` stands for any key or index. */
import type { PropertyMap, PropertyValue } from "../contracts/contracts.ts";
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
    else if (index?.startsWith('"')) path.push(index.slice(1, -1).replaceAll('\\"', '"'));
    else path.push(Number(index));
  }
  return path;
}

export function formatPath(path: PropertyPath): string {
  return path
    .map((key, i) => {
      if (typeof key === "number") return `[${key}]`;
      if (/[^A-Za-z0-9_]/.test(key)) return `["${key.replaceAll('"', '\\"')}"]`;
      return i === 0 ? key : `.${key}`;
    })
    .join("");
}

/** Whether the path leads to what `pattern` names, or to something below it. */
export function pathContains(pattern: PropertyPath, path: PropertyPath): boolean {
  return path.length >= pattern.length && pattern.every((key, i) => key === "*" || key === path[i]);
}

/**
 * The new inputs with the old value at the path, for `ignoreChanges`. Not `ok` where that cannot be: an element of a
 * list that was added or removed, or something above the path that is there on one side only. What could be put back
 * has been, all the same.
 */
export function resetPath(path: PropertyPath, olds: PropertyMap, news: PropertyMap): Reset<PropertyMap> {
  return reset(path, { value: olds, secret: false }, { value: news, secret: false }) as Reset<PropertyMap>;
}

interface Reset<T = PropertyValue> {
  value: T;
  ok: boolean;
}

interface Side {
  value: PropertyValue;
  /** Something around the value is secret. */
  secret: boolean;
}

const opened = ({ value, secret: around }: Side): Side => ({
  value: unwrapSecret(value),
  secret: around || isSecret(value),
});

function reset([key, ...rest]: PropertyPath, oldSide: Side, newSide: Side): Reset {
  if (key === undefined) return { value: newSide.value, ok: false };
  const [olds, news] = [opened(oldSide), opened(newSide)];
  /** The old value, marked as secret where it loses the secret around it by the move, or what is below it. */
  const below = (before: PropertyValue, after: PropertyValue): Reset => {
    if (rest.length > 0) return reset(rest, { ...olds, value: before }, { ...news, value: after });
    return { value: olds.secret && !news.secret ? secret(before) : before, ok: true };
  };
  const how = key === "*" ? resetAll : typeof key === "number" ? resetIndex : resetKey;
  const { value, ok } = how(key as never, olds.value, news.value, below, rest.length === 0);
  return { value: isSecret(newSide.value) ? secret(value) : value, ok };
}

type Below = (before: PropertyValue, after: PropertyValue) => Reset;

function resetIndex(index: number, o: PropertyValue, n: PropertyValue, below: Below, last: boolean): Reset {
  if (!Array.isArray(o) || !Array.isArray(n)) return { value: n, ok: Array.isArray(o) === Array.isArray(n) };
  const [before, after] = [o[index], n[index]];
  if (before === undefined || after === undefined) return { value: n, ok: last && before === after };
  const { value, ok } = below(before, after);
  return { value: n.with(index, value), ok };
}

function resetKey(key: string, o: PropertyValue, n: PropertyValue, below: Below, last: boolean): Reset {
  const before = isMap(o) ? o[key] : undefined;
  if (!isMap(n)) return { value: n, ok: last ? before === undefined : !isMap(o) };
  if (last && before === undefined) return { value: without(n, key), ok: true };
  const after = n[key];
  if (!last && (!isMap(o) || after === undefined)) return { value: n, ok: isMap(o) && before === undefined };
  const { value, ok } = below(before ?? null, after ?? null);
  return { value: { ...n, [key]: value }, ok };
}

function resetAll(_: "*", o: PropertyValue, n: PropertyValue, below: Below, last: boolean): Reset {
  if (Array.isArray(o) && Array.isArray(n)) {
    const items = n.map((after, i) => (i < o.length ? below(o[i] ?? null, after) : { value: after, ok: true }));
    const ok = o.length === n.length && items.every((item) => item.ok);
    return { value: items.map(({ value }) => value), ok };
  }
  if (!isMap(o) || !isMap(n)) return { value: n, ok: last && (isMap(n) || Array.isArray(n)) };
  const result: PropertyMap = last ? {} : { ...n };
  let ok = true;
  for (const [key, before] of Object.entries(o)) {
    const after = n[key];
    if (after === undefined && !last) {
      ok = false;
      continue;
    }
    const item = below(before, after ?? null);
    result[key] = item.value;
    ok &&= item.ok;
  }
  return { value: result, ok };
}

function without(map: PropertyMap, key: string): PropertyMap {
  const { [key]: _, ...rest } = map;
  return rest;
}
