/** What differs between two property maps, for providers that leave the comparison to the engine. */
import type { DiffResult, PropertyDiffKind, PropertyMap, PropertyValue } from "../contracts/contracts.ts";
import { formatPath, parsePath, pathContains, resetPath, type PropertyPath } from "./property-path.ts";
import { equal, isMap } from "./properties.ts";

export type DetailedDiff = NonNullable<DiffResult["detailedDiff"]>;

export interface MapDiff {
  changedKeys: string[];
  detailedDiff: DetailedDiff;
}

/** Undefined when nothing differs. */
export function diffProperties(olds: PropertyMap, news: PropertyMap): MapDiff | undefined {
  const detailedDiff: DetailedDiff = {};
  const changedKeys: string[] = [];
  for (const key of [...new Set([...Object.keys(olds), ...Object.keys(news)])].toSorted()) {
    const before = Object.keys(detailedDiff).length;
    diffValue([key], olds[key], news[key], detailedDiff);
    if (Object.keys(detailedDiff).length > before) changedKeys.push(key);
  }
  return changedKeys.length > 0 ? { changedKeys, detailedDiff } : undefined;
}

function diffValue(
  path: PropertyPath,
  old: PropertyValue | undefined,
  now: PropertyValue | undefined,
  out: DetailedDiff,
): void {
  const add = (kind: PropertyDiffKind): void => {
    out[formatPath(path)] = { kind, inputDiff: true };
  };
  if (equal(old, now)) return;
  if (old === undefined || old === null) return add("add");
  if (now === undefined || now === null) return add("delete");
  if (Array.isArray(old) && Array.isArray(now)) {
    for (let i = 0; i < Math.max(old.length, now.length); i++) diffValue([...path, i], old[i], now[i], out);
  } else if (isMap(old) && isMap(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)]))
      diffValue([...path, key], old[key], now[key], out);
  } else add("update");
}

const INVERTED: Record<PropertyDiffKind, PropertyDiffKind> = {
  add: "delete",
  "add-replace": "delete-replace",
  delete: "add",
  "delete-replace": "add-replace",
  update: "update",
  "update-replace": "update-replace",
};

/** A refresh asks what an update would do next, and shows the way back: what came from the cloud. */
export function invertDiff(diff: DiffResult): DiffResult {
  if (!diff.detailedDiff) return diff;
  const entries = Object.entries(diff.detailedDiff).map(
    ([path, entry]) => [path, { ...entry, kind: INVERTED[entry.kind] }] as const,
  );
  return { ...diff, detailedDiff: Object.fromEntries(entries) };
}

export const forcesReplacement = ({ replaces, detailedDiff = {} }: DiffResult): boolean =>
  replaces.length > 0 || Object.values(detailedDiff).some(({ kind }) => kind.endsWith("-replace"));

/** The name under which `replaceOnChanges` can mean "did not come up well". */
const INIT_ERROR = "#initerror";

export function applyReplaceOnChanges(
  diff: DiffResult,
  replaceOnChanges: string[],
  hasInitErrors: boolean,
): DiffResult {
  if ((!diff.changes && !hasInitErrors) || replaceOnChanges.length === 0) return diff;
  const patterns = replaceOnChanges.map((text) => {
    const path = parsePath(text);
    if (!path) throw new Error(`replaceOnChanges: ${JSON.stringify(text)} is not a path of properties`);
    return path;
  });
  const matches = (path: string): boolean => {
    const parsed = parsePath(path) ?? [path];
    return patterns.some((pattern) => pathContains(pattern, parsed));
  };
  const replaces = new Set([...diff.replaces, ...diff.diffs.filter(matches)]);
  const detailedDiff =
    diff.detailedDiff &&
    Object.fromEntries(
      Object.entries(diff.detailedDiff).map(([path, entry]) => [
        path,
        matches(path) ? { ...entry, kind: toReplace(entry.kind) } : entry,
      ]),
    );
  const initError = hasInitErrors && matches(INIT_ERROR);
  if (initError) {
    replaces.add(INIT_ERROR);
    if (detailedDiff) detailedDiff[INIT_ERROR] = { kind: "update-replace", inputDiff: false };
  }
  return {
    ...diff,
    ...(initError ? { changes: true } : {}),
    replaces: [...replaces],
    ...(detailedDiff ? { detailedDiff } : {}),
  };
}

function toReplace(kind: PropertyDiffKind): PropertyDiffKind {
  return kind.endsWith("-replace") ? kind : (`${kind}-replace` as PropertyDiffKind);
}

/** The new inputs with old values where changes are to be ignored, and the paths where that made no sense. */
export function ignoreChanges(
  news: PropertyMap,
  olds: PropertyMap,
  paths: string[],
): { inputs: PropertyMap; invalid: string[] } {
  let inputs = news;
  const invalid: string[] = [];
  for (const text of paths) {
    const path = parsePath(text);
    if (!path) continue;
    const { value, ok } = resetPath(path, olds, inputs);
    inputs = value;
    if (!ok) invalid.push(text);
  }
  return { inputs, invalid };
}
