/** A property of a type, and what another value of it means. */
import type { PropertyValue } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { type Phrase, say } from "../model.ts";
import { always, is, isEmpty, lessIs, offIs, type Row } from "./property-row.ts";

const lambda = "aws:lambda/function:Function";
const stage = "aws:apigatewayv2/stage:Stage";
const queue = "aws:sqs/queue:Queue";
const table = "aws:dynamodb/table:Table";
const alarm = "aws:cloudwatch/metricAlarm:MetricAlarm";
const source = "aws:lambda/eventSourceMapping:EventSourceMapping";
const webhook = "pulumi-nodejs:dynamic/line:LineChannelWebhook";

export const propertyRows: Row[] = [
  {
    type: lambda,
    path: ["memorySize"],
    label: "limits",
    weight: lessIs("caution"),
    unit: " MB",
    say: (change) => ["gets ", ...is(change), " of memory"],
    ifLess: ", and less processor with it",
  },
  {
    type: lambda,
    path: ["timeout"],
    label: "limits",
    weight: lessIs("caution"),
    unit: " seconds",
    say: (change) => ["may run ", ...is(change)],
  },
  {
    type: lambda,
    path: ["runtime"],
    weight: always("caution"),
    unit: "",
    say: (change) => ["runs on ", ...is(change)],
  },
  {
    type: lambda,
    path: ["architectures"],
    weight: always("caution"),
    unit: "",
    say: (change) => ["runs on ", ...is(change)],
  },
  {
    type: lambda,
    path: ["reservedConcurrentExecutions"],
    label: "limits",
    weight: ({ now }) => (now === 0 ? "danger" : "caution"),
    say: ({ now, former }) => {
      if (now === 0) return ["is switched off: no execution is reserved for it"];
      const limit = (value: PropertyValue | undefined): Phrase =>
        typeof value === "number" && value >= 0 ? [...say`${value}`, " times"] : ["as often as the account allows"];
      return ["may run ", ...limit(now), " at once (was ", ...limit(former), ")"];
    },
  },
  {
    type: lambda,
    path: ["loggingConfig", "applicationLogLevel"],
    unit: "",
    say: (change) => ["logs from the level ", ...is(change)],
  },
  {
    type: stage,
    path: ["defaultRouteSettings", "throttlingRateLimit"],
    label: "limits",
    weight: lessIs("caution"),
    unit: "",
    say: (change) => ["takes ", ...is(change), " requests a second"],
    ifLess: ": what comes above that is refused with 429",
  },
  {
    type: stage,
    path: ["defaultRouteSettings", "throttlingBurstLimit"],
    label: "limits",
    weight: lessIs("caution"),
    unit: "",
    say: (change) => ["takes ", ...is(change), " requests at once"],
    ifLess: ": what comes above that is refused with 429",
  },
  {
    type: stage,
    path: ["accessLogSettings"],
    weight: ({ now }) => (now === undefined ? "caution" : "notice"),
    say: ({ now, former }) => {
      if (now === undefined) return ["writes no access log any more"];
      return [former === undefined ? "writes an access log now" : "writes another access log"];
    },
  },
  {
    type: "aws:cloudwatch/logGroup:LogGroup",
    path: ["retentionInDays"],
    label: "data-loss",
    weight: lessIs("danger"),
    unit: " days",
    say: (change) => ["keeps what is logged for ", ...is(change)],
    ifLess: ": what is older is deleted soon after the deployment",
  },
  {
    type: queue,
    path: ["visibilityTimeoutSeconds"],
    weight: lessIs("caution"),
    unit: " seconds",
    say: (change) => ["hides a message that is being worked on for ", ...is(change)],
  },
  {
    type: queue,
    path: ["messageRetentionSeconds"],
    label: "data-loss",
    weight: lessIs("danger"),
    unit: " seconds",
    say: (change) => ["keeps a message for ", ...is(change)],
    ifLess: ": older ones are lost",
  },
  {
    type: queue,
    path: ["redrivePolicy", "maxReceiveCount"],
    weight: lessIs("caution"),
    unit: "",
    say: (change) => ["gives up on a message after ", ...is(change), " attempts"],
  },
  {
    type: queue,
    path: ["redrivePolicy", "deadLetterTargetArn"],
    label: "data-loss",
    weight: ({ now }) => (now === undefined ? "danger" : "notice"),
    say: ({ now, former }) => {
      if (now === undefined)
        return ["has no dead-letter queue any more: what fails is tried until it is too old, and lost"];
      return [former === undefined ? "has a dead-letter queue now" : "has another dead-letter queue"];
    },
  },
  {
    type: queue,
    path: ["delaySeconds"],
    unit: " seconds",
    say: (change) => ["holds a message back for ", ...is(change)],
  },
  {
    type: table,
    path: ["pointInTimeRecovery", "enabled"],
    weight: offIs("danger"),
    say: ({ now }) => [
      now === true ? "can be restored to any moment now" : "can no longer be restored to an earlier moment",
    ],
  },
  {
    type: table,
    path: ["deletionProtectionEnabled"],
    label: "protection",
    weight: offIs("danger"),
    say: ({ now }) => [
      now === true ? "cannot be deleted by mistake any more" : "can be deleted: AWS no longer refuses",
    ],
  },
  {
    type: table,
    path: ["billingMode"],
    label: "cost",
    weight: always("caution"),
    unit: "",
    say: (change) => ["is billed as ", ...is(change)],
  },
  {
    type: table,
    path: ["ttl", "enabled"],
    weight: always("caution"),
    say: ({ now }) => [now === true ? "lets rows expire now" : "lets no rows expire any more"],
  },
  ...["threshold", "evaluationPeriods", "period", "comparisonOperator", "statistic", "extendedStatistic"].map(
    (name): Row => ({
      type: alarm,
      path: [name],
      label: "alarms",
      weight: always("caution"),
      unit: "",
      say: (change) => ["rings at another point: ", ...say`${name}`, " is ", ...is(change)],
    }),
  ),
  {
    type: alarm,
    path: ["actionsEnabled"],
    label: "alarms",
    weight: ({ now }) => (now === false ? "danger" : "notice"),
    say: ({ now }) => [now === false ? "tells nobody any more" : "tells somebody again"],
  },
  {
    type: alarm,
    path: ["alarmActions"],
    label: "alarms",
    weight: ({ now }) => (isEmpty(now) ? "danger" : "caution"),
    say: ({ now }) => [isEmpty(now) ? "tells nobody any more" : "tells somebody else"],
  },
  {
    type: alarm,
    path: ["treatMissingData"],
    label: "alarms",
    weight: always("caution"),
    unit: "",
    say: (change) => ["takes missing data for ", ...is(change)],
  },
  {
    type: source,
    path: ["enabled"],
    weight: ({ now }) => (now === false ? "danger" : "notice"),
    say: ({ now }) => [
      now === false ? "is switched off: events wait in the queue until they are too old" : "is switched on",
    ],
  },
  {
    type: source,
    path: ["batchSize"],
    label: "limits",
    unit: "",
    say: (change) => ["hands over ", ...is(change), " events to a call"],
  },
  {
    type: source,
    path: ["scalingConfig", "maximumConcurrency"],
    label: "limits",
    weight: lessIs("caution"),
    unit: "",
    say: (change) => ["works on ", ...is(change), " events at once"],
  },
  {
    type: source,
    path: ["functionResponseTypes"],
    weight: ({ now }) => (isEmpty(now) ? "danger" : "notice"),
    say: ({ now }) => [
      isEmpty(now)
        ? "no longer hears which events failed: one that fails makes its whole batch be worked on again"
        : "hears which events of a batch failed",
    ],
  },
  {
    type: "aws:secretsmanager/secret:Secret",
    path: ["recoveryWindowInDays"],
    weight: lessIs("caution"),
    unit: " days",
    say: (change) => ["can be restored for ", ...is(change), " after it was deleted"],
  },
  {
    type: "aws:secretsmanager/secretRotation:SecretRotation",
    path: ["rotationRules"],
    label: "secret",
    weight: always("caution"),
    say: () => ["is rotated at other times"],
  },
  {
    type: webhook,
    path: ["requireActive"],
    say: ({ now }) => [
      now === true ? "has to be switched on at LINE, or the deployment fails" : "may be switched off at LINE",
    ],
  },
  {
    type: webhook,
    path: ["takeOver"],
    weight: ({ now }) => (now === undefined ? "notice" : "caution"),
    say: (change) =>
      change.now === undefined
        ? ["no longer replaces a URL that somebody else registered"]
        : ["may replace ", ...is(change), ", which somebody else registered"],
  },
  {
    type: webhook,
    path: ["verify"],
    weight: ({ now }) => (now === false ? "caution" : "notice"),
    say: ({ now }) => [now === false ? "is set without LINE's test" : "is set only when LINE's test succeeds"],
  },
  {
    type: webhook,
    path: ["onDestroy"],
    say: ({ now }) => [
      now === "keep" ? "stays when the stack is destroyed" : "goes back to the former URL when the stack is destroyed",
    ],
  },
  {
    type: webhook,
    path: ["apiUrl"],
    weight: always("danger"),
    unit: "",
    say: (change) => ["is set at ", ...is(change)],
  },
];
