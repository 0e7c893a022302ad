import * as v from "valibot";
import type { JsonService } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";
import { computeStatistic } from "./distribution.ts";
import {
  refuseWrongQueries,
  refuseWrongStatistic,
  runQueries,
  type MetricQuery,
  type Range,
} from "./metric-queries.ts";
import { DimensionList, Time, toDimensions } from "./wire.ts";

const Metric = v.object({ Namespace: v.string(), MetricName: v.string(), Dimensions: DimensionList });
const Period = v.pipe(v.number(), v.integer(), v.minValue(1));

const Statistics = v.strictObject({
  ...Metric.entries,
  StartTime: Time,
  EndTime: Time,
  Period,
  Statistics: v.optional(v.array(v.string()), []),
  ExtendedStatistics: v.optional(v.array(v.string()), []),
  Unit: v.optional(v.string()),
});

const Query = v.strictObject({
  Id: v.string(),
  Expression: v.optional(v.string()),
  MetricStat: v.optional(v.strictObject({ Metric, Period, Stat: v.string(), Unit: v.optional(v.string()) })),
  Label: v.optional(v.string()),
  ReturnData: v.optional(v.boolean(), true),
  Period: v.optional(Period),
});

const Data = v.strictObject({
  StartTime: Time,
  EndTime: Time,
  ScanBy: v.optional(v.picklist(["TimestampAscending", "TimestampDescending"]), "TimestampDescending"),
  MaxDatapoints: v.optional(v.number()),
  MetricDataQueries: v.array(Query),
});

/** What was measured, in statistics. */
export const metricReadings: JsonService["operations"] = {
  GetMetricStatistics(input, { metrics }) {
    const {
      MetricName,
      Namespace,
      Dimensions,
      Statistics: plain,
      ExtendedStatistics: extended,
      Unit,
      ...asked
    } = v.parse(Statistics, input);
    if (plain.length + extended.length === 0)
      throw new ServiceError(
        "MissingParameter",
        "The request must contain a Statistics or ExtendedStatistics parameter.",
      );
    for (const statistic of [...plain, ...extended]) refuseWrongStatistic({ statistic, period: asked.Period });
    const metric = {
      namespace: Namespace,
      name: MetricName,
      dimensions: toDimensions(Dimensions),
      ...(Unit !== undefined && { unit: Unit }),
    };
    const periods = metrics.read(metric, toRange(asked.StartTime, asked.EndTime, asked.Period));
    return {
      Label: MetricName,
      Datapoints: periods.map((period) => ({
        Timestamp: period.startMs / 1000,
        Unit: period.unit,
        ...Object.fromEntries(plain.map((statistic) => [statistic, computeStatistic(period, statistic)])),
        ...(extended.length > 0 && {
          ExtendedStatistics: Object.fromEntries(
            extended.map((statistic) => [statistic, computeStatistic(period, statistic)]),
          ),
        }),
      })),
    };
  },
  GetMetricData(input, { metrics }) {
    const { StartTime, EndTime, ScanBy, MetricDataQueries: given } = v.parse(Data, input);
    const queries = given.map(toQuery);
    refuseWrongQueries(queries);
    const period = Math.max(
      60,
      ...queries.map(({ metric }) => metric?.period ?? 0),
      ...given.map(({ Period: own = 0 }) => own),
    );
    const values = runQueries(metrics, queries, toRange(StartTime, EndTime, period));
    return {
      Messages: [],
      MetricDataResults: given
        .filter(({ ReturnData }) => ReturnData)
        .map(({ Id, Label, MetricStat, Expression }) => {
          const points = [...(values.get(Id) ?? [])].sort(([one], [other]) => one - other);
          if (ScanBy === "TimestampDescending") points.reverse();
          return {
            Id,
            Label: Label ?? MetricStat?.Metric.MetricName ?? Expression,
            Timestamps: points.map(([atMs]) => atMs / 1000),
            Values: points.map(([, value]) => value),
            StatusCode: "Complete",
          };
        }),
    };
  },
};

function toQuery({ Id: id, Expression: expression, MetricStat: given }: v.InferOutput<typeof Query>): MetricQuery {
  if (!given) return { id, expression: expression ?? "" };
  const { Metric: metric, Period: period, Stat: statistic, Unit: unit } = given;
  const { Namespace: namespace, MetricName: name, Dimensions } = metric;
  const dimensions = toDimensions(Dimensions);
  return { id, metric: { namespace, name, dimensions, statistic, period, ...(unit !== undefined && { unit }) } };
}

/** A period that has begun when the time asked for begins is reported as a whole. */
function toRange(startMs: number, endMs: number, periodSeconds: number): Range {
  const periodMs = periodSeconds * 1000;
  return { startMs: startMs - (startMs % periodMs), endMs, periodMs };
}
