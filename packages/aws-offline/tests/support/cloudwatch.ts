import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricDataCommand,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { onTestFinished } from "vitest";
import { toOwnerConfig } from "./owner-config.ts";
import type { Made, Properties } from "./provider-client.ts";
import type { TestAws } from "./local-aws.ts";

export const CLOUDWATCH_TYPES = {
  alarm: "aws:cloudwatch/metricAlarm:MetricAlarm",
  dashboard: "aws:cloudwatch/dashboard:Dashboard",
  metricFilter: "aws:cloudwatch/logMetricFilter:LogMetricFilter",
  topic: "aws:sns/topic:Topic",
  topicPolicy: "aws:sns/topicPolicy:TopicPolicy",
  topicSubscription: "aws:sns/topicSubscription:TopicSubscription",
};

export const MINUTE_MS = 60_000;
/** The beginning of a minute that is over, with room behind it for the minutes of a test. */
const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 90 * MINUTE_MS;
export const minute = (number: number): Date => new Date(startMs + number * MINUTE_MS);

export function createCloudWatchClient(aws: TestAws): CloudWatchClient {
  const client = new CloudWatchClient(toOwnerConfig(aws.aws));
  onTestFinished(() => client.destroy());
  return client;
}

export function createLogsClient(aws: TestAws): CloudWatchLogsClient {
  const client = new CloudWatchLogsClient(toOwnerConfig(aws.aws));
  onTestFinished(() => client.destroy());
  return client;
}

let metrics = 0;
export const newMetric = (): string => `Metric${++metrics}`;

/** Puts a value in each minute from 0 on; in none where it is undefined. */
export async function putMinutes(
  aws: TestAws,
  MetricName: string,
  values: (number | undefined)[],
  Namespace = "Test",
): Promise<void> {
  const MetricData = values.flatMap((Value, index) =>
    Value === undefined ? [] : [{ MetricName, Timestamp: minute(index), Value }],
  );
  if (MetricData.length > 0)
    await createCloudWatchClient(aws).send(new PutMetricDataCommand({ Namespace, MetricData }));
}

let alarms = 0;
/** An alarm on the sum of a metric, above 0 in the last minute. */
export function createAlarm({ provider }: TestAws, metricName: string, more: Properties = {}): Promise<Made> {
  const inputs = {
    ...("metricQueries" in more ? {} : { namespace: "Test", metricName, period: 60 }),
    ...("metricQueries" in more || "extendedStatistic" in more ? {} : { statistic: "Sum" }),
    comparisonOperator: "GreaterThanThreshold",
    threshold: 0,
    evaluationPeriods: 1,
    ...more,
  };
  const given = Object.entries(inputs).filter(([, value]) => value !== undefined);
  return provider.create(CLOUDWATCH_TYPES.alarm, `alarm-${++alarms}`, Object.fromEntries(given));
}

export async function readAlarm(aws: TestAws, { id }: Made): Promise<MetricAlarm> {
  const { MetricAlarms = [] } = await createCloudWatchClient(aws).send(new DescribeAlarmsCommand({ AlarmNames: [id] }));
  if (!MetricAlarms[0]) throw new Error(`There is no alarm ${id}`);
  return MetricAlarms[0];
}
