import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { EventWorker } from "./event-worker.ts";
import type { ProvenFunction } from "./live-function.ts";

export interface DashboardArgs {
  receiver: ProvenFunction;
  worker: EventWorker | undefined;
  api: aws.apigatewayv2.Api;
}

type Line = [namespace: string, metric: string, dimension: string, value: pulumi.Input<string>, statistic: string];

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
  const ofApi = (metric: string): Line => ["AWS/ApiGateway", metric, "ApiId", api.id, "Sum"];
  const duration = (statistic: string) => ofFunction(receiver, "Duration", statistic);
  return [
    { title: "Webhook requests", lines: [ofApi("Count"), ofApi("4xx"), ofApi("5xx")] },
    { title: "Receiver's duration, LINE waits for 2,000 ms", lines: [duration("p50"), duration("p99")] },
  ];
}

function workerGraphs(worker: EventWorker | undefined): Graph[] {
  if (worker === undefined) return [];
  const { queue, deadLetters } = worker;
  const ofQueue = (of: aws.sqs.Queue, metric: string): Line => ["AWS/SQS", metric, "QueueName", of.name, "Maximum"];
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
      title: "Worker",
      lines: [
        ofFunction(worker, "Invocations", "Sum"),
        ofFunction(worker, "Errors", "Sum"),
        ofFunction(worker, "Duration", "p99"),
      ],
    },
  ];
}

function ofFunction({ lambda }: ProvenFunction, metric: string, statistic: string): Line {
  return ["AWS/Lambda", metric, "FunctionName", lambda.name, statistic];
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
      metrics: lines.map(([namespace, metric, dimension, value, stat]) => [
        namespace,
        metric,
        dimension,
        value,
        { stat },
      ]),
      period: 60,
    },
  };
}
