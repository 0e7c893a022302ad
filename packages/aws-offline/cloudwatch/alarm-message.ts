import type { Stored } from "../store/store.ts";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { AlarmSettings, AlarmStatus } from "./alarm-model.ts";

/** What subscribers of an alarm's topic get. */
export function toAlarmMessage(
  { id, attributes }: Stored,
  settings: AlarmSettings,
  former: AlarmStatus,
  { state, reason, sinceMs }: AlarmStatus,
  accountId: string,
): { subject: string; message: string } {
  const region = String(attributes["arn"]).split(":")[3] ?? "";
  const message = {
    AlarmName: id,
    AlarmDescription: attributes["alarmDescription"] ?? null,
    AWSAccountId: accountId,
    NewStateValue: state,
    NewStateReason: reason,
    StateChangeTime: new Date(sinceMs).toISOString().replace("Z", "+0000"),
    Region: region,
    AlarmArn: toArn("cloudwatch", region, accountId, `alarm:${id}`),
    OldStateValue: former.state,
    OKActions: settings.actions.OK,
    AlarmActions: settings.actions.ALARM,
    InsufficientDataActions: settings.actions.INSUFFICIENT_DATA,
    Trigger: toTrigger(settings),
  };
  // SNS takes subjects of 100 characters.
  return { subject: `${state}: "${id}" in ${region}`.slice(0, 100), message: JSON.stringify(message) };
}

function toTrigger(settings: AlarmSettings): object {
  const { queries, period, evaluationPeriods, datapointsToAlarm, comparisonOperator, threshold, treatMissingData } =
    settings;
  const [only] = queries;
  return {
    ...(queries.length === 1 && only?.metric
      ? {
          MetricName: only.metric.name,
          Namespace: only.metric.namespace,
          Statistic: only.metric.statistic,
          Dimensions: Object.entries(only.metric.dimensions ?? {}).map(([name, value]) => ({ name, value })),
        }
      : {
          Metrics: queries.map(({ id, expression, metric }) => ({
            Id: id,
            Expression: expression,
            MetricStat: metric,
          })),
        }),
    Period: period,
    EvaluationPeriods: evaluationPeriods,
    DatapointsToAlarm: datapointsToAlarm,
    ComparisonOperator: comparisonOperator,
    Threshold: threshold,
    TreatMissingData: treatMissingData,
  };
}
