import type { Stored, HasStore, Collection } from "../store/store.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import type { AlarmRule, AlarmState } from "./alarm-evaluation.ts";
import type { MetricQuery } from "./metric-queries.ts";
import type { Dimensions } from "./metrics.ts";

/** Which state an alarm is in, since when and why; kept apart from its settings, which Pulumi owns. */
export interface AlarmStatus {
  state: AlarmState;
  reason: string;
  /** Milliseconds since 1970. */
  sinceMs: number;
}

export const NEW_ALARM = { state: "INSUFFICIENT_DATA", reason: "Unchecked: Initial alarm creation" } as const;

export interface AlarmSettings extends AlarmRule {
  queries: MetricQuery[];
  /** Ids of the queries whose values are compared: in an alarm that is right, there is one. */
  returning: string[];
  /** Seconds. */
  period: number;
  /** ARNs, for the state that is entered. */
  actions: Record<AlarmState, string[]>;
}

type Holder = HasStore;

export const alarmsOf = (cloud: Holder): Collection<Stored> => cloud.store.collection<Stored>("cloudwatch/alarms");
export const alarmStatesOf = (cloud: Holder): Collection<AlarmStatus> =>
  cloud.store.collection<AlarmStatus>("cloudwatch/alarm-states");

/** An alarm whose state was lost is as a new one. */
export function statusOf(cloud: Holder, name: string): AlarmStatus {
  return alarmStatesOf(cloud).get(name) ?? { ...NEW_ALARM, sinceMs: 0 };
}

interface Inputs {
  namespace?: string;
  metricName?: string;
  dimensions?: Dimensions;
  statistic?: string;
  extendedStatistic?: string;
  unit?: string;
  period?: number;
  metricQueries?: {
    id: string;
    expression?: string;
    period?: number;
    returnData?: boolean;
    metric?: {
      namespace?: string;
      metricName: string;
      dimensions?: Dimensions;
      stat: string;
      period: number;
      unit?: string;
    };
  }[];
  comparisonOperator: string;
  threshold?: number;
  evaluationPeriods: number;
  datapointsToAlarm?: number;
  treatMissingData?: string;
  alarmActions?: string[];
  okActions?: string[];
  insufficientDataActions?: string[];
}

const TREATMENTS = ["breaching", "notBreaching", "ignore", "missing"];

/** An alarm's inputs in one form: an alarm on one metric is one with a single query. */
export function toAlarmSettings(attributes: Attributes): AlarmSettings {
  const inputs = attributes as unknown as Inputs;
  const { comparisonOperator, threshold = 0, evaluationPeriods, treatMissingData = "missing" } = inputs;
  const queries = toQueries(inputs);
  const given = inputs.metricQueries;
  return {
    queries,
    returning: given ? given.filter(({ returnData }) => returnData).map(({ id }) => id) : ["m1"],
    // Expressions have the period of the metrics that they are about.
    period: Math.max(
      ...queries.map(({ metric }) => metric?.period ?? 0),
      ...(given ?? []).map(({ period = 0 }) => period),
    ),
    comparisonOperator,
    threshold,
    evaluationPeriods,
    datapointsToAlarm: inputs.datapointsToAlarm || evaluationPeriods,
    treatMissingData:
      TREATMENTS.find((name) => name.toLowerCase() === treatMissingData.toLowerCase()) ?? treatMissingData,
    actions: {
      ALARM: inputs.alarmActions ?? [],
      OK: inputs.okActions ?? [],
      INSUFFICIENT_DATA: inputs.insufficientDataActions ?? [],
    },
  };
}

function toQueries(inputs: Inputs): MetricQuery[] {
  if (inputs.metricQueries)
    return inputs.metricQueries.map(({ id, expression, metric }) => {
      if (!metric) return { id, expression: expression ?? "" };
      const { stat, metricName, namespace = "", period, dimensions, unit } = metric;
      return {
        id,
        metric: { namespace, name: metricName, statistic: stat, period, ...optional({ dimensions, unit }) },
      };
    });
  const { namespace = "", metricName: name = "", statistic, extendedStatistic, period = 0, dimensions, unit } = inputs;
  return [
    {
      id: "m1",
      metric: {
        namespace,
        name,
        statistic: statistic ?? extendedStatistic ?? "",
        period,
        ...optional({ dimensions, unit }),
      },
    },
  ];
}

/** Without what is not set: an empty text is not, either. */
function optional({ dimensions, unit }: { dimensions: Dimensions | undefined; unit: string | undefined }) {
  return { ...(dimensions && { dimensions }), ...(unit ? { unit } : {}) };
}
