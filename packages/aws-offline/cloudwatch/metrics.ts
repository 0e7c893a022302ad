import { addValue, createDistribution, merge, type Distribution } from "./distribution.ts";

export type Dimensions = Readonly<Record<string, string>>;

export interface MetricId {
  namespace: string;
  name: string;
  /** All of its dimensions together identify a metric; other dimensions are another metric. None by default. */
  dimensions?: Dimensions;
}

export interface Datum extends MetricId {
  value: number;
  /** The unit as CloudWatch names it: `Count`, `Milliseconds` … None by default. */
  unit?: string;
  /** How often the value occurred; once by default. */
  count?: number;
  /** Milliseconds since 1970; now by default. */
  atMs?: number;
}

/** One period's values; it counts for alarms once it is over. */
interface Period extends Distribution {
  startMs: number;
  /** The unit of the values; of some of them where they have several. */
  unit: string;
}

export type Meter = (value: number, atMs: number) => void;

/** What CloudWatch holds of metrics: three hours, by the minute, in memory. */
export interface Metrics {
  /** Nothing is known of the time before: milliseconds since 1970. */
  readonly sinceMs: number;
  put(datum: Datum): void;
  /** Puts values of one metric that is measured again and again: at a tenth of what `put` costs. */
  meter(metric: MetricId & { unit: string }): Meter;
  /**
   * Asks a source of gauges at each evaluation of the alarms. Within a minute the last answer counts, as one value.
   * Gives what takes the source away again.
   */
  sample(source: () => Iterable<Datum>): () => void;
  /** Asks all sources, and forgets what is older than the window. */
  collect(nowMs: number): void;
  /** Periods that hold a value, oldest first; of every unit where none is given. Periods begin at multiples of their length. */
  read(metric: MetricId & { unit?: string }, range: { startMs: number; endMs: number; periodMs: number }): Period[];
  list(): MetricId[];
}

export const MINUTE_MS = 60_000;
export const WINDOW_MS = 3 * 60 * MINUTE_MS;

interface Series {
  id: MetricId;
  /** Distributions by unit, then by minute. */
  units: Map<string, Map<number, Distribution>>;
}

export function createMetrics(now: () => number = Date.now): Metrics {
  const all = new Map<string, Series>();
  const sources = new Set<() => Iterable<Datum>>();

  return {
    sinceMs: now(),
    put(datum) {
      const atMs = datum.atMs ?? now();
      // What arrives too late is not looked at any more.
      if (atMs > now() - WINDOW_MS) addValue(findMinute(datum, atMs), datum.value, datum.count);
    },
    meter(metric) {
      let minuteMs = 0;
      let minute: Distribution | undefined;
      return (value, atMs) => {
        if (!minute || atMs < minuteMs || atMs >= minuteMs + MINUTE_MS) {
          minute = findMinute(metric, atMs);
          minuteMs = atMs - (atMs % MINUTE_MS);
        }
        addValue(minute, value);
      };
    },
    sample(source) {
      sources.add(source);
      return () => void sources.delete(source);
    },
    collect(nowMs) {
      for (const source of sources)
        for (const datum of source()) {
          const minute = findMinute(datum, datum.atMs ?? nowMs);
          addValue(Object.assign(minute, createDistribution()), datum.value);
        }
      for (const [key, { units }] of all) if (forget(units, nowMs - WINDOW_MS)) all.delete(key);
    },
    read(metric, { startMs, endMs, periodMs }) {
      const units = all.get(toKey(metric))?.units ?? new Map<string, Map<number, Distribution>>();
      const periods = new Map<number, Period>();
      for (const [unit, minutes] of units)
        for (const [minuteMs, values] of minutes) {
          if ((metric.unit ?? unit) !== unit || minuteMs < startMs || minuteMs >= endMs) continue;
          const periodStartMs = minuteMs - (minuteMs % periodMs);
          const period = periods.get(periodStartMs) ?? { startMs: periodStartMs, unit, ...createDistribution() };
          merge(period, values);
          periods.set(periodStartMs, period);
        }
      return [...periods.values()].sort((one, other) => one.startMs - other.startMs);
    },
    list: () => [...all.values()].map(({ id }) => id),
  };

  function findMinute(datum: MetricId & { unit?: string }, atMs: number): Distribution {
    const { namespace, name, dimensions = {}, unit = "None" } = datum;
    const key = toKey(datum);
    let series = all.get(key);
    if (!series) all.set(key, (series = { id: { namespace, name, dimensions: { ...dimensions } }, units: new Map() }));
    let minutes = series.units.get(unit);
    if (!minutes) series.units.set(unit, (minutes = new Map()));
    const minuteMs = atMs - (atMs % MINUTE_MS);
    let minute = minutes.get(minuteMs);
    if (!minute) minutes.set(minuteMs, (minute = createDistribution()));
    return minute;
  }
}

/** True when nothing is left. */
function forget(units: Series["units"], beforeMs: number): boolean {
  for (const [unit, minutes] of units) {
    for (const minuteMs of minutes.keys()) if (minuteMs < beforeMs) minutes.delete(minuteMs);
    if (minutes.size === 0) units.delete(unit);
  }
  return units.size === 0;
}

function toKey({ namespace, name, dimensions = {} }: MetricId): string {
  let key = `${namespace}\n${name}`;
  for (const dimension of Object.keys(dimensions).sort()) key += `\n${dimension}\n${dimensions[dimension]}`;
  return key;
}

/** What needs no more of the account than this. */
export interface HasMetrics {
  readonly metrics: Metrics;
}
