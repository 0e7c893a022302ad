import type { Queue } from "./model.ts";

/** A queue's attributes by SQS's names, as text. */
export function toQueueAttributes(
  { arn, isFifo, attributes }: Queue,
  { visible, inFlight, delayed }: { visible: number; inFlight: number; delayed: number },
): Record<string, string> {
  const values: Record<string, unknown> = {
    QueueArn: arn,
    ApproximateNumberOfMessages: visible,
    ApproximateNumberOfMessagesNotVisible: inFlight,
    ApproximateNumberOfMessagesDelayed: delayed,
    VisibilityTimeout: attributes["visibilityTimeoutSeconds"],
    MaximumMessageSize: attributes["maxMessageSize"],
    MessageRetentionPeriod: attributes["messageRetentionSeconds"],
    DelaySeconds: attributes["delaySeconds"],
    ReceiveMessageWaitTimeSeconds: attributes["receiveWaitTimeSeconds"],
    SqsManagedSseEnabled: attributes["sqsManagedSseEnabled"],
    KmsMasterKeyId: attributes["kmsMasterKeyId"],
    Policy: attributes["policy"],
    RedrivePolicy: attributes["redrivePolicy"],
    RedriveAllowPolicy: attributes["redriveAllowPolicy"],
    ...(isFifo && {
      FifoQueue: true,
      ContentBasedDeduplication: attributes["contentBasedDeduplication"] ?? false,
      DeduplicationScope: attributes["deduplicationScope"],
      FifoThroughputLimit: attributes["fifoThroughputLimit"],
    }),
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}
