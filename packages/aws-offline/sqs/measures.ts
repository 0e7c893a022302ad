import type { HasMetrics, Datum } from "../cloudwatch/metrics.ts";
import type { MessageQueue } from "./message-queue.ts";

const NAMESPACE = "AWS/SQS";

export type Counter = "NumberOfMessagesSent" | "NumberOfMessagesReceived" | "NumberOfMessagesDeleted";

/** What calls did with a queue's messages; that one was moved to a dead-letter queue does not count. */
export function measureMessages({ metrics }: HasMetrics, queue: string, name: Counter, value: number): void {
  if (value > 0) metrics.put({ namespace: NAMESPACE, name, dimensions: { QueueName: queue }, value, unit: "Count" });
}

/** How a queue is now. */
export function toGauges(queue: string, counts: ReturnType<MessageQueue["count"]>, nowMs: number): Datum[] {
  const { visible, inFlight, delayed, oldestSentAt = nowMs } = counts;
  const gauges: [name: string, value: number, unit: string][] = [
    ["ApproximateNumberOfMessagesVisible", visible, "Count"],
    ["ApproximateNumberOfMessagesNotVisible", inFlight, "Count"],
    ["ApproximateNumberOfMessagesDelayed", delayed, "Count"],
    ["ApproximateAgeOfOldestMessage", Math.floor((nowMs - oldestSentAt) / 1000), "Seconds"],
  ];
  return gauges.map(([name, value, unit]) => ({
    namespace: NAMESPACE,
    name,
    dimensions: { QueueName: queue },
    value,
    unit,
  }));
}
