import type { Stored } from "../store/store.ts";
import { toAlarmSettings, type AlarmStatus } from "./alarm-model.ts";
import type { MetricQuery } from "./metric-queries.ts";
import { fromDimensions } from "./wire.ts";

/** An alarm as `DescribeAlarms` tells it. */
export function describeAlarm({ id, attributes }: Stored, { state, reason, sinceMs }: AlarmStatus): object {
  const settings = toAlarmSettings(attributes);
  return {
    AlarmName: id,
    AlarmArn: attributes["arn"],
    AlarmDescription: attributes["alarmDescription"],
    ActionsEnabled: attributes["actionsEnabled"] !== false,
    OKActions: settings.actions.OK,
    AlarmActions: settings.actions.ALARM,
    InsufficientDataActions: settings.actions.INSUFFICIENT_DATA,
    StateValue: state,
    StateReason: reason,
    StateUpdatedTimestamp: sinceMs / 1000,
    StateTransitionedTimestamp: sinceMs / 1000,
    ...(attributes["metricQueries"]
      ? { Metrics: settings.queries.map((query) => describeQuery(query, settings.returning.includes(query.id))) }
      : describeMetric(settings.queries[0], attributes)),
    EvaluationPeriods: settings.evaluationPeriods,
    DatapointsToAlarm: attributes["datapointsToAlarm"] ?? undefined,
    Threshold: settings.threshold,
    ComparisonOperator: settings.comparisonOperator,
    TreatMissingData: settings.treatMissingData,
  };
}

function describeMetric(query: MetricQuery | undefined, { statistic, extendedStatistic, unit }: Stored["attributes"]) {
  const { name, namespace, dimensions, period } = query?.metric ?? {};
  return {
    MetricName: name,
    Namespace: namespace,
    Dimensions: fromDimensions(dimensions),
    Period: period,
    Statistic: statistic || undefined,
    ExtendedStatistic: extendedStatistic || undefined,
    Unit: unit || undefined,
  };
}

function describeQuery({ id, expression, metric }: MetricQuery, returns: boolean): object {
  if (!metric) return { Id: id, Expression: expression, ReturnData: returns };
  const { namespace, name, dimensions, period, statistic, unit } = metric;
  const Metric = { Namespace: namespace, MetricName: name, Dimensions: fromDimensions(dimensions) };
  return { Id: id, MetricStat: { Metric, Period: period, Stat: statistic, Unit: unit }, ReturnData: returns };
}
