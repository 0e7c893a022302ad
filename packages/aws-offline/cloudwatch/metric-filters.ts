import type { Stored, HasStore, Collection } from "../store/store.ts";
import { type HasMetrics, MINUTE_MS, type Datum, type MetricId } from "./metrics.ts";
import { toEmbeddedMetrics } from "./embedded-metrics.ts";
import { tryParseSelector, type Select } from "./json-selector.ts";
import { parseLogPattern, toLine, type LogLine, type LogTest } from "./log-pattern.ts";

export interface Transformation {
  name: string;
  namespace: string;
  /** A number, or a selector of one. */
  value: string;
  defaultValue?: string;
  /** A selector of the value for each name. */
  dimensions?: Record<string, string>;
  unit?: string;
}

type Holder = HasStore;

const metricFiltersOf = (cloud: Holder): Collection<Stored> =>
  cloud.store.collection<Stored>("cloudwatch/metric-filters");

export function removeMetricFilters(cloud: Holder, logGroup: string): void {
  const filters = metricFiltersOf(cloud);
  for (const { id, attributes } of filters.values())
    if (attributes["logGroupName"] === logGroup) filters.delete(toFilterKey(logGroup, id));
}

export const toFilterKey = (logGroup: string, name: string): string => `${logGroup}:${name}`;

/** Puts what a line of a log says into metrics: by the group's filters, and by the embedded metric format. */
export function measureLine(
  cloud: HasStore & HasMetrics,
  logGroup: string,
  { timestamp, message }: { timestamp: number; message: string },
): void {
  const line = toLine(message);
  for (const filter of metricFiltersOf(cloud).values())
    if (filter.attributes["logGroupName"] === logGroup)
      for (const datum of compiled(filter)(line, timestamp)) cloud.metrics.put(datum);
  for (const datum of toEmbeddedMetrics(line)) cloud.metrics.put(datum);
}

type Measure = (line: LogLine, atMs: number) => Datum[];
const measures = new WeakMap<Stored, Measure>();

/** Read once for each record, which is replaced when it changes. */
function compiled(filter: Stored): Measure {
  let measure = measures.get(filter);
  if (!measure) {
    const { pattern, metricTransformation } = filter.attributes as {
      pattern: string;
      metricTransformation: Transformation;
    };
    measures.set(filter, (measure = toMeasure(parseLogPattern(pattern), metricTransformation)));
  }
  return measure;
}

function toMeasure(matches: LogTest, transformation: Transformation): Measure {
  const { namespace, name, unit = "None", defaultValue, dimensions = {} } = transformation;
  const id: MetricId & { unit: string } = { namespace, name, unit };
  const selectValue = tryParseSelector(transformation.value) ?? (() => transformation.value);
  const selectors = Object.entries(dimensions).map(([key, selector]) => [key, tryParseSelector(selector)] as const);
  let measuredMinute: number | undefined;

  return (line, atMs) => {
    const minute = Math.floor(atMs / MINUTE_MS);
    if (!matches(line)) {
      // The default stands for a minute in which lines came and none matched.
      if (defaultValue === undefined || measuredMinute === minute) return [];
      measuredMinute = minute;
      return [{ ...id, value: Number(defaultValue), atMs }];
    }
    const value = toNumber(selectValue(line.json));
    const found = toDimensions(line, selectors);
    if (value === undefined || !found) return [];
    measuredMinute = minute;
    return [{ ...id, dimensions: found, value, atMs }];
  };
}

function toDimensions(
  line: LogLine,
  selectors: (readonly [string, Select | undefined])[],
): Record<string, string> | undefined {
  const entries = selectors.map(([name, select]) => [name, select?.(line.json)] as const);
  // A line that lacks one of them is not measured.
  if (entries.some(([, value]) => !["string", "number", "boolean"].includes(typeof value))) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function toNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
