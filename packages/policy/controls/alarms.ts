import { type Control, forStack } from "../control.ts";
import { linesThatRaise } from "@pulumi-line-bot/kit/alarm-lines";
import type { AlarmName } from "@pulumi-line-bot/kit/outcomes";
import {
  allOfType,
  type AnyResource,
  findDeadLetterQueues,
  findQueueReaders,
  findReceivers,
  idOfApi,
  type Lambda,
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
    watches: receiversThatLog("unauthorized-requests"),
    atMost: 100,
    on: linesOf("receiver", "unauthorized-requests"),
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
          return logged(stack, stage, logGroup, (pattern) => /\$\.status = "?429\b/.test(pattern));
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
    title: "A webhook that takes nearly the 2 seconds that LINE waits, a cold start included, is an alarm",
    // Lambda's own `Duration` leaves out what a cold start takes.
    watches: (stack) =>
      allOfType(stack, "aws:apigatewayv2/api:Api").map((api) =>
        watched(api, "AWS/ApiGateway", "Latency", { ApiId: idOfApi(api) }),
      ),
    statistic: "Maximum",
    atMost: 1500,
    on: "Latency's maximum above 1500 ms",
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
    watches: receiversThatLog("unavailable-credentials"),
    atMost: 0,
    on: linesOf("receiver", "unavailable-credentials"),
  },
  {
    id: "alarm-unhandled-events",
    title: "What LINE signed and the receiver left alone is an alarm",
    watches: receiversThatLog("unhandled-events"),
    atMost: 0,
    on: linesOf("receiver", "unhandled-events"),
  },
  {
    id: "alarm-unavailable-token",
    title: "An access token that LINE does not give is an alarm",
    watches: workersThatLog("unavailable-token"),
    atMost: 0,
    on: linesOf("worker", "unavailable-token"),
  },
  {
    id: "alarm-refused-answers",
    title: "An answer that LINE refuses for good is an alarm",
    watches: workersThatLog("refused-answers"),
    atMost: 0,
    on: linesOf("worker", "refused-answers"),
  },
];

export const alarmControls: Control[] = rules.map(({ id, title, watches, statistic, atMost, on }) =>
  forStack({ id, area: "CloudWatch", title, scanners: ["CKV_AWS_319", "cdk-nag CloudWatchAlarmAction"] }, (stack) => {
    const alarms = allOfType(stack, "aws:cloudwatch/metricAlarm:MetricAlarm").map(({ props }) => props);
    const isWatched = ({ metrics }: Watched) =>
      alarms.some(
        (alarm) =>
          metrics.some((metric) => isOn(alarm, metric)) &&
          (statistic === undefined || alarm.statistic === statistic) &&
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
  counts: (pattern: string) => boolean,
): Watched {
  const metrics = allOfType(stack, "aws:cloudwatch/logMetricFilter:LogMetricFilter")
    .filter(({ props }) => logGroup !== undefined && props.logGroupName === logGroup && counts(props.pattern ?? ""))
    .flatMap(({ props: { metricTransformation } }) => metricTransformation ?? [])
    .map((to) => ({ namespace: to.namespace, name: to.name, dimensions: {} }));
  return { name, urn, metrics };
}

function receiversThatLog(alarm: AlarmName): Rule["watches"] {
  return (stack) => findReceivers(stack).map((lambda) => loggedBy(stack, lambda, "receiver", alarm));
}

function workersThatLog(alarm: AlarmName): Rule["watches"] {
  return (stack) => findQueueReaders(stack).map(({ lambda }) => loggedBy(stack, lambda, "worker", alarm));
}

/** A filter that counts all the lines that raise the alarm. */
function loggedBy(stack: AnyResource[], lambda: Lambda, from: "receiver" | "worker", alarm: AlarmName): Watched {
  const words = wordsOf(from, alarm);
  return logged(stack, lambda, lambda.props.loggingConfig?.logGroup, (pattern) =>
    words.every((word) => pattern.includes(word)),
  );
}

/** The words as they stand in a filter's pattern. */
function wordsOf(from: "receiver" | "worker", alarm: AlarmName): string[] {
  return linesThatRaise(alarm, from).map(({ message, outcome }) => `"${outcome ?? message}"`);
}

function linesOf(from: "receiver" | "worker", alarm: AlarmName): string {
  return `the log lines ${wordsOf(from, alarm).join(", ")}`;
}
