import { ServiceError } from "../errors.ts";
import { computeStatistic, isStatistic } from "./distribution.ts";
import { parseExpression, UnknownExpression, type TimeSeries } from "./metric-math.ts";
import { MINUTE_MS, type MetricId, type Metrics } from "./metrics.ts";

/** A metric in one statistic, or a calculation with others of the same list. */
export type MetricQuery =
  | { id: string; metric: MetricStatistic; expression?: undefined }
  | { id: string; expression: string; metric?: undefined };

export interface MetricStatistic extends MetricId {
  statistic: string;
  /** Seconds. */
  period: number;
  unit?: string;
}

export interface Range {
  /** Both multiples of the period. */
  startMs: number;
  endMs: number;
  periodMs: number;
}

/** The values of each query's periods, by its id. */
export function runQueries(metrics: Metrics, queries: readonly MetricQuery[], range: Range): Map<string, TimeSeries> {
  const found = new Map<string, TimeSeries>();
  const periods = periodsOf(range);
  const series = (id: string): TimeSeries => {
    const query = queries.find((candidate) => candidate.id === id);
    let values = found.get(id);
    if (!query || values) return values ?? new Map<number, number>();
    values = query.metric
      ? readStatistic(metrics, query.metric, range)
      : parseExpression(query.expression).calculate({ series, periods });
    found.set(id, values);
    return values;
  };
  return new Map(queries.map(({ id }) => [id, series(id)]));
}

function readStatistic(metrics: Metrics, { statistic, ...metric }: MetricStatistic, range: Range): TimeSeries {
  return new Map(metrics.read(metric, range).map((period) => [period.startMs, computeStatistic(period, statistic)]));
}

export function periodsOf({ startMs, endMs, periodMs }: Range): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil((endMs - startMs) / periodMs)) },
    (_, index) => startMs + index * periodMs,
  );
}

/** @throws a `ServiceError` for queries that are wrong, and for what is not calculated here. */
export function refuseWrongQueries(queries: readonly MetricQuery[]): void {
  const expressions = new Map<string, ReadonlySet<string>>();
  for (const { id, metric, expression } of queries) {
    if (!/^[a-z]\w*$/.test(id)) throw wrong(`The id ${id} has to begin with a lower-case letter`);
    if (queries.filter((other) => other.id === id).length > 1) throw wrong(`The id ${id} is there twice`);
    if (metric) {
      if (!metric.namespace) throw wrong(`The metric ${metric.name} has to have a namespace`);
      refuseWrongStatistic(metric);
    }
    if (expression === undefined) continue;
    try {
      expressions.set(id, parseExpression(expression).ids);
    } catch (error) {
      if (!(error instanceof UnknownExpression)) throw error;
      throw wrong(
        `The expression ${expression} is wrong, or means what the offline AWS does not calculate: ${error.message}`,
      );
    }
  }
  for (const [id, used] of expressions) {
    const missing = [...used].find((other) => !queries.some((query) => query.id === other));
    if (missing !== undefined) throw wrong(`The expression of ${id} uses ${missing}, which no query has as its id`);
    if (reaches(expressions, id, id)) throw wrong(`The expression of ${id} rests on itself`);
  }
}

export function refuseWrongStatistic({ statistic, period }: Pick<MetricStatistic, "statistic" | "period">): void {
  if (!isStatistic(statistic)) throw wrong(`The offline AWS does not compute the statistic ${statistic}`);
  if (period * 1000 < MINUTE_MS)
    throw wrong(`The offline AWS keeps metrics by the minute: a period of ${period} seconds is too short`);
}

function reaches(
  expressions: ReadonlyMap<string, ReadonlySet<string>>,
  from: string,
  to: string,
  seen = new Set<string>(),
): boolean {
  if (seen.has(from)) return false;
  seen.add(from);
  return [...(expressions.get(from) ?? [])].some((id) => id === to || reaches(expressions, id, to, seen));
}

const wrong = (message: string): ServiceError => new ServiceError("ValidationError", message);
