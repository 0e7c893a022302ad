import type { PropertyMap, PropertyValue } from "../contracts/contracts.ts";
import type { StepEventMetadata } from "../contracts/events.ts";
import { equal, isMap, isUnknown, kindOf } from "../values/properties.ts";
import type { Style } from "./operations.ts";

export interface Line {
  sign: "+" | "-" | "~" | " ";
  depth: number;
  text: string;
}

export const lineStyles: Record<Line["sign"], Style | undefined> = {
  "+": "green",
  "-": "red",
  "~": "yellow",
  " ": undefined,
};

/** What a step does to a resource's properties, one line for each that matters. */
export function propertyLines(step: StepEventMetadata): Line[] {
  const { old, new: now } = step;
  if (step.op === "refresh") return diffMaps(old?.outputs ?? {}, now?.outputs ?? {}, 0);
  if (!old || !now || step.op === "create-replacement") return wholeMap((now ?? old)?.inputs ?? {}, " ", 0);
  return [...diffMaps(old.inputs, now.inputs, 0), ...changedSecrets(step, old.inputs, now.inputs)];
}

/** One secret looks like the other; that they differ, only the provider knows. */
function changedSecrets(
  { keys, diffs, detailedDiff }: StepEventMetadata,
  olds: PropertyMap,
  news: PropertyMap,
): Line[] {
  const changed = new Set([...(keys ?? []), ...(diffs ?? []), ...Object.keys(detailedDiff ?? {})]);
  return [...changed]
    .filter((key) => kindOf(olds[key]) === "secret" && kindOf(news[key]) === "secret")
    .map((key) => ({ sign: "~", depth: 0, text: `${key}: [secret] => [secret]` }));
}

function wholeMap(map: PropertyMap, sign: Line["sign"], depth: number): Line[] {
  return shownKeys(map).flatMap((key) => wholeValue(key, map[key] ?? null, sign, depth));
}

function wholeValue(key: string, value: PropertyValue, sign: Line["sign"], depth: number): Line[] {
  if (isMap(value) && Object.keys(value).length > 0) {
    return [{ sign, depth, text: `${key}: {` }, ...wholeMap(value, sign, depth + 1), { sign, depth, text: "}" }];
  }
  if (Array.isArray(value) && value.length > 0) {
    const inner = value.flatMap((element, index) => wholeValue(`[${index}]`, element, sign, depth + 1));
    return [{ sign, depth, text: `${key}: [` }, ...inner, { sign, depth, text: "]" }];
  }
  return [{ sign, depth, text: `${key}: ${formatValue(value)}` }];
}

function diffMaps(olds: PropertyMap, news: PropertyMap, depth: number): Line[] {
  const keys = new Set([...shownKeys(olds), ...shownKeys(news)]);
  return [...keys].toSorted().flatMap((key) => diffValues(key, olds[key], news[key], depth));
}

function diffValues(
  key: string,
  old: PropertyValue | undefined,
  now: PropertyValue | undefined,
  depth: number,
): Line[] {
  if (equal(old, now)) return [];
  if (old === undefined || old === null) return wholeValue(key, now ?? null, "+", depth);
  if (now === undefined || now === null) return wholeValue(key, old, "-", depth);
  const frame = (open: string, inner: Line[], close: string): Line[] => [
    { sign: "~", depth, text: `${key}: ${open}` },
    ...inner,
    { sign: " ", depth, text: close },
  ];
  if (isMap(old) && isMap(now)) return frame("{", diffMaps(old, now, depth + 1), "}");
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length);
    const inner = Array.from({ length }, (_, index) => diffValues(`[${index}]`, old[index], now[index], depth + 1));
    return frame("[", inner.flat(), "]");
  }
  return [{ sign: "~", depth, text: `${key}: ${formatValue(old)} => ${formatValue(now)}` }];
}

/** Pulumi keeps things of its own in properties of two underscores: a provider's text, the names of defaults. */
function shownKeys(map: PropertyMap): string[] {
  return Object.keys(map)
    .filter((key) => !key.startsWith("__"))
    .toSorted();
}

const specialWords: Record<string, (value: PropertyMap) => string> = {
  secret: () => "[secret]",
  output: () => "[unknown]",
  asset: (value) => `asset(${describeAsset(value)})`,
  archive: (value) => `archive(${describeAsset(value)})`,
  resource: (value) => textOf(value["urn"]),
};

/** A value over as many lines as it has parts, from where its name has ended. */
export function formatWhole(value: PropertyValue, indent: string): string {
  const inner = `${indent}    `;
  if (Array.isArray(value) && value.length > 0) {
    const lines = value.map((element, index) => `${inner}[${index}]: ${formatWhole(element, inner)}\n`);
    return `[\n${lines.join("")}${indent}]`;
  }
  const keys = isMap(value) ? shownKeys(value) : [];
  if (!isMap(value) || keys.length === 0) return formatValue(value);
  const width = Math.max(...keys.map((key) => key.length));
  const lines = keys.map((key) => `${inner}${key.padEnd(width)}: ${formatWhole(value[key] ?? null, inner)}\n`);
  return `{\n${lines.join("")}${indent}}`;
}

/** A value on one line: secrets and unknown values by their names, assets by what they come from. */
export function formatValue(value: PropertyValue): string {
  if (isUnknown(value)) return "[unknown]";
  const special = specialWords[kindOf(value) ?? ""];
  if (special) return special(value as PropertyMap);
  if (value === null) return "<null>";
  if (value === "[secret]" || value === "[unknown]") return value;
  if (Array.isArray(value)) return `[${value.map(formatValue).join(", ")}]`;
  if (isMap(value)) {
    const inner = shownKeys(value).map((key) => `${key}: ${formatValue(value[key] ?? null)}`);
    return inner.length > 0 ? `{ ${inner.join(", ")} }` : "{}";
  }
  return JSON.stringify(value);
}

function describeAsset(value: PropertyMap): string {
  const origin = value["path"] ?? value["uri"] ?? (value["assets"] ? "assets" : "text");
  const hash = typeof value["hash"] === "string" ? ` ${value["hash"].slice(0, 7)}` : "";
  return `${textOf(origin)}${hash}`;
}

const textOf = (value: PropertyValue | undefined): string => (typeof value === "string" ? value : "?");
