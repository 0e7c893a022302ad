import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { eventOutcomes, replyRefusedMetric } from "@pulumi-line-bot/kit/outcomes";

/** What is counted, in the words of the dashboard. */
export type Metric = (typeof eventOutcomes)[keyof typeof eventOutcomes]["metric"] | typeof replyRefusedMetric;

export type Count = (metric: Metric) => void;

export interface WorkerMetrics {
  count: Count;
  /** Writes what was counted as one line of the log, from which CloudWatch takes the figures. */
  publish(): void;
}

/** Under `LineBot`, by service and by function, as Lambda's own metrics are: an account may have several stacks. */
export function createWorkerMetrics(FunctionName: string): WorkerMetrics {
  const metrics = new Metrics({
    namespace: "LineBot",
    serviceName: "worker",
    defaultDimensions: { FunctionName },
  });
  return {
    count: (metric) => metrics.addMetric(metric, MetricUnit.Count, 1),
    publish() {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}
