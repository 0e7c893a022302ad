import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createEventQueue, type EventQueue, mostReceives } from "./event-queue.ts";
import { createLiveFunction, type LiveFunction, type LiveFunctionArgs } from "./live-function.ts";

export interface EventWorkerArgs extends Pick<
  LiveFunctionArgs,
  "artifact" | "entry" | "ready" | "memorySizeMb" | "logRetentionDays" | "tracing"
> {
  credentialsSecretArn: pulumi.Input<string>;
  apiUrl: string;
  logErrorMessages: boolean;
  /** Batches that are worked on at once: what is left of the account's concurrency is the receiver's. */
  concurrency: number;
  protect: boolean;
}

export interface EventWorker extends LiveFunction, EventQueue {
  /** What was done already, by event: the reason why nothing is done twice. */
  table: aws.dynamodb.Table;
  mapping: aws.lambda.EventSourceMapping;
}

/** Of one batch. */
const timeoutSeconds = 10;

/** AWS's advice: messages stay invisible for six times as long as the function may run. */
const visibilityTimeoutSeconds = 6 * timeoutSeconds;

/** A queue of events and the function that works on them, each event once in effect. */
export function createEventWorker(
  name: string,
  args: EventWorkerArgs,
  opts: pulumi.CustomResourceOptions,
): EventWorker {
  const { queue, deadLetters } = createEventQueue(name, { visibilityTimeoutSeconds }, opts);
  const table = new aws.dynamodb.Table(
    `${name}-events`,
    {
      billingMode: "PAY_PER_REQUEST",
      hashKey: "id",
      attributes: [{ name: "id", type: "S" }],
      ttl: { attributeName: "expiration", enabled: true },
      deletionProtectionEnabled: args.protect,
    },
    opts,
  );
  const live = createLiveFunction(
    `${name}-worker`,
    {
      ...args,
      timeoutSeconds,
      description: "Works on the events of a LINE channel",
      probe: { probe: "queue" },
      grants: [
        { actions: ["secretsmanager:GetSecretValue"], resource: args.credentialsSecretArn },
        {
          actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"],
          resource: queue.arn,
        },
        {
          actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
          resource: table.arn,
        },
      ],
      environment: {
        CREDENTIALS_SECRET_ARN: args.credentialsSecretArn,
        LINE_API_URL: args.apiUrl,
        QUEUE_URL: queue.url,
        EVENTS_TABLE: table.name,
        MAX_RECEIVES: String(mostReceives),
        LOG_ERROR_MESSAGES: args.logErrorMessages ? "true" : undefined,
      },
    },
    opts,
  );
  const mapping = new aws.lambda.EventSourceMapping(
    `${name}-events`,
    {
      eventSourceArn: queue.arn,
      functionName: live.alias.arn,
      batchSize: 10,
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency: args.concurrency },
    },
    // AWS looks whether the function may read the queue.
    { ...opts, dependsOn: [live.policy] },
  );
  return { ...live, queue, deadLetters, table, mapping };
}
