import { setTimeout as wait } from "node:timers/promises";
import {
  IdempotencyConfig,
  IdempotencyAlreadyInProgressError,
  makeIdempotent,
} from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import type { Context as LambdaContext } from "aws-lambda";
import { findEndpoint, readKeys, requireVariable, type Environment } from "../shared/aws/environment.ts";
import { describeError, type Log } from "../shared/log.ts";
import { tell } from "./log.ts";
import type { AwsKeys } from "../shared/aws/sign-request.ts";

/** Another worker has this event, or had it and was killed. The time after which it is free again is not over. */
export class InProgressElsewhere extends Error {
  override readonly name = "InProgressElsewhere";
}

export type RemainingTime = Pick<LambdaContext, "getRemainingTimeInMillis">;

export interface Once {
  /** Leases end with the invocation: it can do nothing more then. */
  beginInvocation(context: RemainingTime): void;
  /**
   * Runs the task unless it is done already, by whichever worker. While another one has it, waits for what becomes of
   * it: to be received again would count against an event that nothing is wrong with.
   * @throws {InProgressElsewhere} when it is not free at `untilMs`, by `performance.now()`.
   * @throws what the task throws; then it is free to be run again.
   */
  run(
    webhookEventId: string,
    task: () => Promise<void>,
    options: { log: Log; untilMs: number },
  ): Promise<"done" | "done before">;
}

/** Between two looks at an event that another worker has. */
const lookAgainMs = 250;

/** Longer than an event comes again: three days to the receiver, four in the queue, 14 among the dead letters. */
export const rememberedSeconds = 30 * 24 * 60 * 60;

/** Keeps what is done in the table of events: a hash of the event's id, a state and two times, and nothing else. */
export function createOnce(tableName: string, env: Environment): Once {
  const config = new IdempotencyConfig({ hashFunction: "sha256", expiresAfterSeconds: rememberedSeconds });
  const persistenceStore = new DynamoDBPersistenceLayer({
    tableName,
    clientConfig: {
      region: requireVariable(env, "AWS_REGION"),
      endpoint: findEndpoint("dynamodb", env).href,
      credentials: toIdentity(readKeys(env)),
      requestHandler: { connectionTimeout: 500, requestTimeout: 1000, throwOnRequestTimeout: true },
    },
  });
  const runOnce = makeIdempotent((_id: string, task: () => Promise<void>) => task(), {
    persistenceStore,
    config,
    keyPrefix: "event",
  });

  const tryRun = async (webhookEventId: string, task: () => Promise<void>, log: Log) => {
    const ran: Ran = { done: false };
    try {
      await runOnce(webhookEventId, async () => {
        await task().catch((error: unknown) => {
          ran.failure = { error };
          throw error;
        });
        ran.done = true;
      });
    } catch (error) {
      if (error instanceof IdempotencyAlreadyInProgressError) return "in progress";
      // The table may have failed after the task.
      if (ran.failure !== undefined) throw ran.failure.error;
      if (!ran.done) throw error;
      // Run again, it would be done twice for sure; not noted down, only if the event comes again.
      tell(log, "event not noted as done", describeError(error));
    }
    return ran.done ? "done" : "done before";
  };

  return {
    // Only the remaining time is asked of it.
    beginInvocation: (context) => config.registerLambdaContext(context as LambdaContext),
    async run(webhookEventId, task, { log, untilMs }) {
      for (;;) {
        const ran = await tryRun(webhookEventId, task, log);
        if (ran !== "in progress") return ran;
        if (performance.now() + lookAgainMs > untilMs) throw new InProgressElsewhere("Another worker has it");
        await wait(lookAgainMs);
      }
    },
  };
}

interface Ran {
  done: boolean;
  failure?: { error: unknown };
}

/** The SDK wants no property that is undefined. */
function toIdentity({ sessionToken, ...keys }: AwsKeys) {
  return { ...keys, ...(sessionToken !== undefined && { sessionToken }) };
}
