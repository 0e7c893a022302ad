import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface EventQueue {
  queue: aws.sqs.Queue;
  /** Where events go that failed again and again. */
  deadLetters: aws.sqs.Queue;
}

const daysInSeconds = (days: number) => days * 24 * 60 * 60;

/** A reply token is good for a minute: an event that fails three times leaves its conversation in that time. */
export const mostReceives = 3;

/** Since August 2025, and more than any webhook that the receiver takes. The provider's default is 256 KiB. */
const mostBytes = 1024 * 1024;

/**
 * The queue between the receiver and the worker. First in, first out within a conversation; what fails three times
 * leaves for a queue of its own, so that the conversation goes on.
 */
export function createEventQueue(
  name: string,
  args: { visibilityTimeoutSeconds: number },
  opts: pulumi.CustomResourceOptions,
): EventQueue {
  const common = {
    fifoQueue: true,
    // A conversation's order and duplicates are its own, and do not slow others down.
    deduplicationScope: "messageGroup",
    fifoThroughputLimit: "perMessageGroupId",
    maxMessageSize: mostBytes,
    sqsManagedSseEnabled: true,
  };
  const deadLetters = new aws.sqs.Queue(
    `${name}-dead-letters`,
    { ...common, messageRetentionSeconds: daysInSeconds(14) },
    opts,
  );
  const queue = new aws.sqs.Queue(
    `${name}-events`,
    {
      ...common,
      messageRetentionSeconds: daysInSeconds(4),
      visibilityTimeoutSeconds: args.visibilityTimeoutSeconds,
      redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: mostReceives }),
    },
    opts,
  );
  new aws.sqs.RedriveAllowPolicy(
    `${name}-dead-letters`,
    {
      queueUrl: deadLetters.url,
      redriveAllowPolicy: pulumi.jsonStringify({ redrivePermission: "byQueue", sourceQueueArns: [queue.arn] }),
    },
    opts,
  );
  requireTls(`${name}-dead-letters`, deadLetters, opts);
  requireTls(`${name}-events`, queue, opts);
  return { queue, deadLetters };
}

function requireTls(name: string, queue: aws.sqs.Queue, opts: pulumi.CustomResourceOptions) {
  const policy = pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "OnlyWithTls",
        Effect: "Deny",
        Principal: "*",
        Action: "sqs:*",
        Resource: queue.arn,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
  return new aws.sqs.QueuePolicy(name, { queueUrl: queue.url, policy }, opts);
}
