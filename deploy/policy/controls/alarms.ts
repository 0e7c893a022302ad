import { type Control, forStack } from "../control.ts";
import {
  allOfType,
  type AnyResource,
  findDeadLetterQueues,
  findQueueReaders,
  findReceivers,
  idOfApi,
  type Props,
} from "../resources.ts";

type Alarm = Props<"aws:cloudwatch/metricAlarm:MetricAlarm">;

/** One thing that has to be watched, and by what metric. */
interface Watched {
  /** The resource that it is about. */
  name: string;
  urn: string;
  metrics: Metric[];
}

interface Metric {
  namespace: string;
  name: string;
  dimensions: Record<string, string | undefined>;
}

interface Rule {
  id: string;
  title: string;
  /** What has to be watched. */
  watches: (stack: AnyResource[]) => Watched[];
  /** The statistic, where it has to be one. */
  statistic?: string;
  /** The highest limit that still tells in time. */
  atMost: number;
  /** What the alarm is on, in the words of an advice. */
  on: string;
}

const rules: Rule[] = [
  {
    id: "alarm-dead-letters",
    title: "One dead letter is an alarm",
    watches: (stack) =>
      findDeadLetterQueues(stack).map((queue) =>
        watched(queue, "AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName: queue.props.name }),
      ),
    atMost: 0,
    on: "ApproximateNumberOfMessagesVisible above 0",
  },
  {
    id: "alarm-late-events",
    title: "An event that waits for longer than its reply token is good is an alarm",
    watches: (stack) =>
      findQueueReaders(stack).map(({ queue }) =>
        watched(queue, "AWS/SQS", "ApproximateAgeOfOldestMessage", { QueueName: queue.props.name }),
      ),
    atMost: 60,
    on: "ApproximateAgeOfOldestMessage above 60 seconds",
  },
  {
    id: "alarm-webhook-failures",
    title: "One webhook answered with 5xx is an alarm",
    watches: (stack) =>
      allOfType(stack, "aws:apigatewayv2/api:Api").map((api) =>
        watched(api, "AWS/ApiGateway", "5xx", { ApiId: idOfApi(api) }),
      ),
    atMost: 0,
    on: "5xx above 0",
  },
  {
    id: "alarm-unauthorized-requests",
    title: "Many requests without a valid signature are an alarm",
    watches: (stack) =>
      findReceivers(stack).map((lambda) =>
        logged(stack, lambda, lambda.props.loggingConfig?.logGroup, /\$\.status = "?401\b/),
      ),
    atMost: 100,
    on: "the log lines with status 401",
  },
  {
    id: "alarm-throttled-requests",
    title: "One request over the stage's limit is an alarm",
    watches: (stack) =>
      // `http-api-access-log` tells of a stage that has none.
      allOfType(stack, "aws:apigatewayv2/stage:Stage")
        .filter(({ props }) => Boolean(props.accessLogSettings))
        .map((stage) => {
          const logGroup = stage.props.accessLogSettings?.destinationArn?.split(":")[6];
          return logged(stack, stage, logGroup, /\$\.status = "?429\b/);
        }),
    atMost: 0,
    on: "the access log's lines with status 429",
  },
  {
    id: "alarm-throttled-receiver",
    title: "A receiver without concurrency is an alarm",
    watches: (stack) =>
      findReceivers(stack).map((lambda) =>
        watched(lambda, "AWS/Lambda", "Throttles", { FunctionName: lambda.props.name }),
      ),
    atMost: 0,
    on: "Throttles above 0",
  },
  {
    id: "alarm-slow-receiver",
    title: "A receiver that takes nearly the 2 seconds that LINE waits is an alarm",
    watches: (stack) =>
      findReceivers(stack).map((lambda) =>
        watched(lambda, "AWS/Lambda", "Duration", { FunctionName: lambda.props.name }),
      ),
    statistic: "p99",
    atMost: 1500,
    on: "Duration's p99 above 1500 ms",
  },
  {
    id: "alarm-worker-errors",
    title: "A worker that ends without an answer is an alarm",
    watches: (stack) =>
      findQueueReaders(stack).map(({ lambda }) =>
        watched(lambda, "AWS/Lambda", "Errors", { FunctionName: lambda.props.name }),
      ),
    atMost: 0,
    on: "Errors above 0",
  },
  {
    id: "alarm-unavailable-credentials",
    title: "Credentials that cannot be read are an alarm",
    watches: (stack) =>
      findReceivers(stack).map((lambda) =>
        logged(stack, lambda, lambda.props.loggingConfig?.logGroup, /"credentials unavailable"/),
      ),
    atMost: 0,
    on: 'the log lines with the outcome "credentials unavailable"',
  },
  {
    id: "alarm-unavailable-token",
    title: "An access token that LINE does not give is an alarm",
    watches: (stack) =>
      findQueueReaders(stack).map(({ lambda }) =>
        logged(stack, lambda, lambda.props.loggingConfig?.logGroup, /"token unavailable"/),
      ),
    atMost: 0,
    on: 'the log lines "token unavailable"',
  },
];

export const alarmControls: Control[] = rules.map(({ id, title, watches, statistic, atMost, on }) =>
  forStack({ id, area: "CloudWatch", title, scanners: ["CKV_AWS_319", "cdk-nag CloudWatchAlarmAction"] }, (stack) => {
    const alarms = allOfType(stack, "aws:cloudwatch/metricAlarm:MetricAlarm").map(({ props }) => props);
    const isWatched = ({ metrics }: Watched) =>
      alarms.some(
        (alarm) =>
          metrics.some((metric) => isOn(alarm, metric)) &&
          (statistic === undefined || alarm.extendedStatistic === statistic) &&
          goesOffAbove(alarm) <= atMost,
      );
    return watches(stack)
      .filter((one) => !isWatched(one))
      .map(({ name, urn }) => ({ message: `${name}: add a MetricAlarm on ${on}`, urn }));
  }),
);

function isOn(alarm: Alarm, { namespace, name, dimensions }: Metric): boolean {
  const has = Object.entries(dimensions).every(
    ([key, value]) => value !== undefined && alarm.dimensions?.[key] === value,
  );
  return alarm.namespace === namespace && alarm.metricName === name && has;
}

/** An alarm that goes off below a limit watches for something else. */
function goesOffAbove({ comparisonOperator, threshold = Infinity }: Alarm): number {
  if (comparisonOperator === "GreaterThanThreshold") return threshold;
  return comparisonOperator === "GreaterThanOrEqualToThreshold" ? threshold - 1 : Infinity;
}

const watched = (
  { name, urn }: Pick<AnyResource, "name" | "urn">,
  namespace: string,
  metric: string,
  dimensions: Metric["dimensions"],
): Watched => ({ name, urn, metrics: [{ namespace, name: metric, dimensions }] });

/** What counts the lines of a log group that match: metric filters, by their pattern. */
function logged(
  stack: AnyResource[],
  { name, urn }: Pick<AnyResource, "name" | "urn">,
  logGroup: string | undefined,
  pattern: RegExp,
): Watched {
  const metrics = allOfType(stack, "aws:cloudwatch/logMetricFilter:LogMetricFilter")
    .filter(
      ({ props }) => logGroup !== undefined && props.logGroupName === logGroup && pattern.test(props.pattern ?? ""),
    )
    .flatMap(({ props: { metricTransformation } }) => metricTransformation ?? [])
    .map((to) => ({ namespace: to.namespace, name: to.name, dimensions: {} }));
  return { name, urn, metrics };
}
