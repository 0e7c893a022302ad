import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { EventWorker } from "./event-worker.ts";
import type { ProvenFunction } from "./live-function.ts";

export interface AlarmsArgs {
  receiver: ProvenFunction;
  worker: EventWorker | undefined;
  api: aws.apigatewayv2.Api;
  accessLog: aws.cloudwatch.LogGroup;
  /** Who is told. Default: nobody but the topic. */
  email: string | undefined;
}

export interface Alarms {
  topic: aws.sns.Topic;
  alarms: aws.cloudwatch.MetricAlarm[];
}

/** When an alarm goes off. Periods without data are fine: a bot that nobody writes to has none. */
interface Rule {
  /** After the component's name. */
  name: string;
  description: string;
  metric: Metric;
  /** Above which it goes off. */
  above: number;
  minutes: number;
}

interface Metric {
  namespace: pulumi.Input<string>;
  name: string;
  dimensions?: Record<string, pulumi.Input<string>>;
  statistic: "Sum" | "Maximum" | "p99";
}

/** A topic that is told what goes wrong, and the alarms that tell it. */
export function createAlarms(name: string, args: AlarmsArgs, opts: pulumi.CustomResourceOptions): Alarms {
  const topic = createTopic(name, args.email, opts);
  const rules = [...receiverRules(name, args, opts), ...workerRules(name, args.worker, opts)];
  const alarms = rules.map((rule) => createAlarm(name, rule, topic, opts));
  return { topic, alarms };
}

/** LINE waits for 2 seconds, and sends nothing again unless redelivery is switched on in the console. */
function receiverRules(
  name: string,
  { receiver, api, accessLog }: AlarmsArgs,
  opts: pulumi.CustomResourceOptions,
): Rule[] {
  const lambda = { FunctionName: receiver.lambda.name };
  const logged = (what: string, logGroup: aws.cloudwatch.LogGroup, pattern: string) =>
    countLines(`${name}-${what}`, logGroup, pattern, opts);
  return [
    {
      name: "webhook-failures",
      description: "LINE got a 5xx: unless redelivery is on, what it sent is lost",
      metric: { namespace: "AWS/ApiGateway", name: "5xx", dimensions: { ApiId: api.id }, statistic: "Sum" },
      above: 0,
      minutes: 1,
    },
    {
      name: "throttled-requests",
      description: "A request was over the stage's limit: unless redelivery is on, what LINE sent is lost",
      metric: logged("throttled-requests", accessLog, '{ $.status = "429" }'),
      above: 0,
      minutes: 1,
    },
    {
      name: "throttled-receiver",
      description: "The receiver was out of concurrency: unless redelivery is on, what LINE sent is lost",
      metric: { namespace: "AWS/Lambda", name: "Throttles", dimensions: lambda, statistic: "Sum" },
      above: 0,
      minutes: 1,
    },
    {
      name: "slow-receiver",
      description: "The receiver takes nearly the 2 seconds that LINE waits for",
      metric: { namespace: "AWS/Lambda", name: "Duration", dimensions: lambda, statistic: "p99" },
      above: 1500,
      minutes: 5,
    },
    {
      name: "unauthorized-requests",
      description: "Many requests have a wrong signature: somebody tries, or the secret in use is not the channel's",
      metric: logged("unauthorized-requests", receiver.logGroup, '{ $.message = "webhook" && $.status = 401 }'),
      above: 20,
      minutes: 5,
    },
    {
      name: "unavailable-credentials",
      description: "The channel's credentials could not be read from Secrets Manager",
      metric: logged(
        "unavailable-credentials",
        receiver.logGroup,
        '{ $.message = "webhook" && $.outcome = "credentials unavailable" }',
      ),
      above: 0,
      minutes: 1,
    },
    {
      name: "unhandled-events",
      description: "Authentic events were left alone: they are another bot's, or not in LINE's shape",
      metric: logged(
        "unhandled-events",
        receiver.logGroup,
        '{ $.message = "events of another bot are not handled" || $.message = "malformed events are not handled" }',
      ),
      above: 0,
      minutes: 1,
    },
  ];
}

function workerRules(name: string, worker: EventWorker | undefined, opts: pulumi.CustomResourceOptions): Rule[] {
  if (worker === undefined) return [];
  const queue = { namespace: "AWS/SQS", statistic: "Maximum" } as const;
  return [
    {
      name: "dead-letters",
      description: "Events failed three times and wait to be looked at: npm run redrive",
      metric: {
        ...queue,
        name: "ApproximateNumberOfMessagesVisible",
        dimensions: { QueueName: worker.deadLetters.name },
      },
      above: 0,
      minutes: 1,
    },
    {
      name: "late-events",
      description: "An event waits for longer than its reply token is good",
      metric: { ...queue, name: "ApproximateAgeOfOldestMessage", dimensions: { QueueName: worker.queue.name } },
      above: 60,
      minutes: 1,
    },
    {
      name: "worker-errors",
      description: "The worker ended without an answer: its event is worked on again a minute later",
      metric: {
        namespace: "AWS/Lambda",
        name: "Errors",
        dimensions: { FunctionName: worker.lambda.name },
        statistic: "Sum",
      },
      above: 0,
      minutes: 1,
    },
    {
      name: "unavailable-token",
      description: "LINE gave the worker no access token: it cannot answer anybody",
      metric: countLines(`${name}-unavailable-token`, worker.logGroup, '{ $.message = "token unavailable" }', opts),
      above: 0,
      minutes: 1,
    },
  ];
}

/** The lines of a log that match a pattern, as a metric. */
function countLines(
  name: string,
  logGroup: aws.cloudwatch.LogGroup,
  pattern: string,
  opts: pulumi.CustomResourceOptions,
): Metric {
  // A log group's name is unique in the account: so are its metrics.
  const namespace = pulumi.interpolate`LineBot/${logGroup.name}`;
  new aws.cloudwatch.LogMetricFilter(
    name,
    { logGroupName: logGroup.name, pattern, metricTransformation: { namespace, name, value: "1", unit: "Count" } },
    opts,
  );
  return { namespace, name, statistic: "Sum" };
}

function createAlarm(
  name: string,
  { name: what, description, metric, above, minutes }: Rule,
  topic: aws.sns.Topic,
  opts: pulumi.CustomResourceOptions,
) {
  return new aws.cloudwatch.MetricAlarm(
    `${name}-${what}`,
    {
      alarmDescription: description,
      namespace: metric.namespace,
      metricName: metric.name,
      ...(metric.dimensions !== undefined && { dimensions: metric.dimensions }),
      ...(metric.statistic === "p99" ? { extendedStatistic: "p99" } : { statistic: metric.statistic }),
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
