import type { AwsCall } from "../shared/aws-call.ts";

/** Gives messages back to the queue: each may be received again after so many seconds. */
export type Release = (messages: readonly { receiptHandle: string; afterSeconds: number }[]) => Promise<void>;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html */
export function createRelease(callSqs: AwsCall, queueUrl: string): Release {
  return async (messages) => {
    const Entries = messages.map(({ receiptHandle, afterSeconds }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: afterSeconds,
    }));
    await callSqs("ChangeMessageVisibilityBatch", { QueueUrl: queueUrl, Entries }, { timeoutMs: 1000 });
  };
}
