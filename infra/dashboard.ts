import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { eventOutcomes, replyRefusedMetric } from "@pulumi-line-bot/kit/outcomes";
import type { EventWorker } from "./event-worker.ts";
import type { ProvenFunction } from "./live-function.ts";

export interface DashboardArgs {
  receiver: ProvenFunction;
  worker: EventWorker | undefined;
  api: aws.apigatewayv2.Api;
}

interface Line {
  namespace: string;
  metric: string;
  dimensions: Record<string, pulumi.Input<string>>;
  statistic: "Sum" | "Maximum" | "p50" | "p99";
}

interface Graph {
  title: string;
  lines: Line[];
}

/** One page with what counts: what LINE got, how fast, what waits, what failed. */
export function createDashboard(name: string, args: DashboardArgs, opts: pulumi.CustomResourceOptions) {
  const { region } = aws.getRegionOutput({}, opts);
  const widgets = [...receiverGraphs(args), ...workerGraphs(args.worker)].map((graph, index) =>
    toWidget(graph, index, region),
  );
  return new aws.cloudwatch.Dashboard(
    name,
    {
      dashboardName: args.receiver.lambda.name,
      dashboardBody: pulumi.jsonStringify({ widgets }),
    },
    opts,
  );
}

function receiverGraphs({ receiver, api }: DashboardArgs): Graph[] {
  const dimensions = { ApiId: api.id };
  const ofApi = (metric: string, statistic: Line["statistic"] = "Sum"): Line => ({
    namespace: "AWS/ApiGateway",
    metric,
    dimensions,
    statistic,
  });
  const latency = (statistic: Line["statistic"]) => ofApi("Latency", statistic);
  return [
    { title: "Webhook requests", lines: [ofApi("Count"), ofApi("4xx"), ofApi("5xx")] },
    {
      title: "Time to the answer, cold starts included; LINE waits for 2,000 ms",
      lines: [latency("p50"), latency("p99"), latency("Maximum"), ofFunction(receiver, "Duration", "p99")],
    },
  ];
}

function workerGraphs(worker: EventWorker | undefined): Graph[] {
  if (worker === undefined) return [];
  const { queue, deadLetters, lambda } = worker;
  const { handled, postponed, failed } = eventOutcomes;
  const ofQueue = ({ name }: aws.sqs.Queue, metric: string): Line => ({
    namespace: "AWS/SQS",
    metric,
    dimensions: { QueueName: name },
    statistic: "Maximum",
  });
  // The worker counts these itself.
  const ofEvents = (metric: string): Line => ({
    namespace: "LineBot",
    metric,
    dimensions: { service: "worker", FunctionName: lambda.name },
    statistic: "Sum",
  });
  return [
    {
      title: "Events that wait, dead letters",
      lines: [
        ofQueue(queue, "ApproximateNumberOfMessagesVisible"),
        ofQueue(deadLetters, "ApproximateNumberOfMessagesVisible"),
      ],
    },
    { title: "Age of the oldest event, in seconds", lines: [ofQueue(queue, "ApproximateAgeOfOldestMessage")] },
    {
      title: "Events",
      lines: [handled.metric, postponed.metric, failed.metric, replyRefusedMetric].map(ofEvents),
    },
    {
      title: "Worker",
      lines: [
        ofFunction(worker, "Invocations", "Sum"),
        ofFunction(worker, "Errors", "Sum"),
        ofFunction(worker, "Duration", "p99"),
      ],
    },
  ];
}

function ofFunction({ lambda }: ProvenFunction, metric: string, statistic: Line["statistic"]): Line {
  return { namespace: "AWS/Lambda", metric, dimensions: { FunctionName: lambda.name }, statistic };
}

/** CloudWatch's grid has 24 columns: two graphs stand side by side. */
function toWidget({ title, lines }: Graph, index: number, region: pulumi.Input<string>) {
  return {
    type: "metric",
    x: (index % 2) * 12,
    y: Math.floor(index / 2) * 6,
    width: 12,
    height: 6,
    properties: {
      title,
      region,
      metrics: lines.map(({ namespace, metric, dimensions, statistic: stat }) => [
        namespace,
        metric,
        ...Object.entries(dimensions).flat(),
        { stat },
      ]),
      period: 60,
    },
  };
}
