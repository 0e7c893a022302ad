import type * as pulumi from "@pulumi/pulumi";
import { type CredentialsPlace, grantsToRead } from "./credentials-key.ts";
import type { EventWorker } from "./event-worker.ts";
import { createProvenFunction, type Grant, type ProvenFunction, type ProvenFunctionArgs } from "./live-function.ts";

export interface ReceiverArgs
  extends Pick<ProvenFunctionArgs, "artifact" | "entry" | "ready" | "logRetentionDays" | "tracing">, CredentialsPlace {
  /** The secret's current version: another one is another version of the function, which is proved with it. */
  credentialsVersion: pulumi.Input<string>;
  apiUrl: string;
  /** User id or basic id. */
  bot?: string | undefined;
  /** Whose queue it fills; undefined where it does all the work. */
  worker: EventWorker | undefined;
  logErrorMessages: boolean;
  memorySizeMb?: number | undefined;
  timeoutSeconds?: number | undefined;
  reservedConcurrency?: number | undefined;
}

/** The function that LINE's webhook calls: it answers when every event is safe in the queue. */
export function createReceiver(name: string, args: ReceiverArgs, opts: pulumi.CustomResourceOptions): ProvenFunction {
  const { credentialsSecretArn, worker, memorySizeMb = 512, timeoutSeconds = 5, logErrorMessages } = args;
  // It leaves another bot's events alone. LINE sends the user id, never the basic id.
  const botUserId = args.bot?.startsWith("U") ? args.bot : undefined;
  const toQueue: Grant[] = worker === undefined ? [] : [{ actions: ["sqs:SendMessage"], resource: worker.queue.arn }];
  return createProvenFunction(
    name,
    {
      ...args,
      memorySizeMb,
      timeoutSeconds,
      description: "Answers the webhook of a LINE channel",
      probe: { credentials: credentialsSecretArn, botUserId },
      grants: [...grantsToRead(args), ...toQueue],
      environment: {
        CREDENTIALS_SECRET_ARN: credentialsSecretArn,
        CREDENTIALS_VERSION: args.credentialsVersion,
        QUEUE_URL: worker?.queue.url,
        LINE_API_URL: args.apiUrl,
        LINE_BOT_USER_ID: botUserId,
        LOG_ERROR_MESSAGES: logErrorMessages ? "true" : undefined,
      },
    },
    opts,
  );
}
