import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { linesThatRaise } from "@pulumi-line-bot/kit/alarm-lines";
import type { AlarmName } from "@pulumi-line-bot/kit/outcomes";
import { type AlarmRule, alarmRules, toPattern, type Watched } from "./alarm-rules.ts";
import type { EventWorker } from "./event-worker.ts";
import type { ProvenFunction } from "./live-function.ts";

export interface AlarmsArgs {
  receiver: ProvenFunction;
  worker: EventWorker | undefined;
  api: aws.apigatewayv2.Api;
  accessLog: aws.cloudwatch.LogGroup;
  /** The address that gets a mail. Default: none. */
  email: string | undefined;
}

export interface Alarms {
  topic: aws.sns.Topic;
  alarms: aws.cloudwatch.MetricAlarm[];
}

interface Metric {
  namespace: pulumi.Input<string>;
  name: string;
  dimensions?: Record<string, pulumi.Input<string>>;
  statistic: "Sum" | "Maximum";
}

/** A topic for what goes wrong, and the alarms that publish to it. */
export function createAlarms(name: string, args: AlarmsArgs, opts: pulumi.CustomResourceOptions): Alarms {
  const topic = createTopic(name, args.email, opts);
  const alarms = Object.entries(alarmRules).flatMap(([what, rule]) => {
    const metric = tryFindMetric(`${name}-${what}`, what as AlarmName, rule.watches, args, opts);
    return metric === undefined ? [] : [createAlarm(`${name}-${what}`, rule, metric, topic, opts)];
  });
  return { topic, alarms };
}

/** `undefined` for what is the worker's, where there is none. */
function tryFindMetric(
  name: string,
  alarm: AlarmName,
  watches: Watched,
  args: AlarmsArgs,
  opts: pulumi.CustomResourceOptions,
): Metric | undefined {
  if ("metric" in watches) {
    const dimensions = tryFindDimensions(watches.of, args);
    const { namespace, metric, statistic } = watches;
    return dimensions && { namespace, name: metric, statistic, dimensions };
  }
  if (watches.linesOf === "accessLog") return countLines(name, args.accessLog, watches.pattern, opts);
  return countLinesOfFunctions(name, alarm, args, opts);
}

/** The first function that writes such lines names the metric, and what both write is counted as one. */
function countLinesOfFunctions(
  name: string,
  alarm: AlarmName,
  args: AlarmsArgs,
  opts: pulumi.CustomResourceOptions,
): Metric | undefined {
  let counted: Metric | undefined;
  for (const from of ["receiver", "worker"] as const) {
    const lines = linesThatRaise(alarm, from);
    const logGroup = args[from]?.logGroup;
    if (lines.length === 0 || logGroup === undefined) continue;
    const filter = counted === undefined ? name : `${name}-${from}`;
    counted = countLines(filter, logGroup, toPattern(lines), opts, counted);
  }
  return counted;
}

function tryFindDimensions(
  of: Extract<Watched, { metric: string }>["of"],
  { api, receiver, worker }: AlarmsArgs,
): Metric["dimensions"] | undefined {
  if (of === "api") return { ApiId: api.id };
  if (of === "receiver") return { FunctionName: receiver.lambda.name };
  if (worker === undefined) return undefined;
  return of === "worker" ? { FunctionName: worker.lambda.name } : { QueueName: worker[of].name };
}

/** The lines of a log that match a pattern, as a metric of their own, or as part of one that there is. */
function countLines(
  name: string,
  logGroup: aws.cloudwatch.LogGroup,
  pattern: string,
  opts: pulumi.CustomResourceOptions,
  // A log group's name is unique in the account: so are its metrics.
  metric: Metric = { namespace: pulumi.interpolate`LineBot/${logGroup.name}`, name, statistic: "Sum" },
): Metric {
  const metricTransformation = { namespace: metric.namespace, name: metric.name, value: "1", unit: "Count" };
  new aws.cloudwatch.LogMetricFilter(name, { logGroupName: logGroup.name, pattern, metricTransformation }, opts);
  return metric;
}

function createAlarm(
  name: string,
  { says, above, minutes }: AlarmRule,
  metric: Metric,
  topic: aws.sns.Topic,
  opts: pulumi.CustomResourceOptions,
) {
  return new aws.cloudwatch.MetricAlarm(
    name,
    {
      alarmDescription: says,
      namespace: metric.namespace,
      metricName: metric.name,
      ...(metric.dimensions !== undefined && { dimensions: metric.dimensions }),
      statistic: metric.statistic,
      comparisonOperator: "GreaterThanThreshold",
      threshold: above,
      period: 60 * minutes,
      evaluationPeriods: 1,
      treatMissingData: "notBreaching",
      alarmActions: [topic.arn],
      okActions: [topic.arn],
    },
    opts,
  );
}

function createTopic(name: string, email: string | undefined, opts: pulumi.CustomResourceOptions) {
  const topic = new aws.sns.Topic(`${name}-alarms`, {}, opts);
  const account = topic.arn.apply((arn) => arn.split(":")[4]);
  const policy = pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "AlarmsOfThisAccount",
        Effect: "Allow",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Action: "sns:Publish",
        Resource: topic.arn,
        Condition: { StringEquals: { "aws:SourceAccount": account } },
      },
      {
        Sid: "OnlyWithTls",
        Effect: "Deny",
        Principal: "*",
        Action: "sns:Publish",
        Resource: topic.arn,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
  new aws.sns.TopicPolicy(`${name}-alarms`, { arn: topic.arn, policy }, opts);
  if (email !== undefined) {
    new aws.sns.TopicSubscription(`${name}-alarms`, { topic: topic.arn, protocol: "email", endpoint: email }, opts);
  }
  return topic;
}
