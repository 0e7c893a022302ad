import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { type CredentialsPlace, grantsToRead } from "./credentials-key.ts";
import { createEventQueue, type EventQueue, mostReceives } from "./event-queue.ts";
import {
  createProvenFunction,
  type LiveFunction,
  type ProvenFunction,
  type ProvenFunctionArgs,
} from "./live-function.ts";

export interface EventWorkerArgs
  extends
    Pick<ProvenFunctionArgs, "artifact" | "entry" | "ready" | "memorySizeMb" | "logRetentionDays" | "tracing">,
    CredentialsPlace {
  /** The secret's current version: another one is another version of the function, which has read it. */
  credentialsVersion: pulumi.Input<string>;
  apiUrl: string;
  logErrorMessages: boolean;
  protect: boolean;
}

/** A queue of events, and the function that will work on them. */
export interface EventWorker extends ProvenFunction, EventQueue {
  /** What was done already, by event: the reason why nothing is done twice. */
  table: aws.dynamodb.Table;
}

export interface LiveEventWorker extends EventWorker, LiveFunction {
  mapping: aws.lambda.EventSourceMapping;
}

/** The time of one batch. */
const timeoutSeconds = 10;

/** AWS's advice: messages stay invisible for six times as long as the function may run. */
const visibilityTimeoutSeconds = 6 * timeoutSeconds;

/** A queue of events and a function that works on each of them once in effect. */
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
  const worker = createProvenFunction(
    `${name}-worker`,
    {
      ...args,
      timeoutSeconds,
      description: "Works on the events of a LINE channel",
      probe: { probe: "queue" },
      grants: [
        ...grantsToRead(args),
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
        CREDENTIALS_VERSION: args.credentialsVersion,
        LINE_API_URL: args.apiUrl,
        QUEUE_URL: queue.url,
        EVENTS_TABLE: table.name,
        MAX_RECEIVES: String(mostReceives),
        LOG_ERROR_MESSAGES: args.logErrorMessages ? "true" : undefined,
      },
    },
    opts,
  );
  return { ...worker, queue, deadLetters, table };
}

/** Has the live version work on what is in the queue, so many events at once. */
export function startWorking(
  name: string,
  worker: EventWorker & LiveFunction,
  concurrency: number,
  opts: pulumi.CustomResourceOptions,
): LiveEventWorker {
  const mapping = new aws.lambda.EventSourceMapping(
    `${name}-events`,
    {
      eventSourceArn: worker.queue.arn,
      functionName: worker.alias.arn,
      // docs/decisions/one-event-a-batch.md
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
      // What is left of the account's concurrency is the receiver's.
      scalingConfig: { maximumConcurrency: concurrency },
    },
    // AWS looks whether the function may read the queue.
    { ...opts, dependsOn: [worker.policy] },
  );
  return { ...worker, mapping };
}
