import type { Stored, HasStore, Collection } from "../../store/store.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { MAX_WORKERS } from "../pool.ts";

/** Mappings by UUID. */
export const mappingsOf = (cloud: HasStore): Collection<Stored> =>
  cloud.store.collection<Stored>("lambda/event-source-mappings");

/** What a poller goes by. */
export interface Mapping {
  uuid: string;
  queueArn: string;
  /** The ARN with the qualifier, if one was given. */
  functionArn: string;
  enabled: boolean;
  batchSize: number;
  /** Batches that may be in work at the same time. */
  concurrency: number;
  /** Whether the function tells which messages have failed. */
  reportsFailures: boolean;
}

/** A share of the workers stays free for other calls, such as the requests that fill the queue. */
const CARRIED = MAX_WORKERS - 4;
/**
 * Batches that Lambda begins with, and stays with here where nothing else is asked for.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
const USUAL_CONCURRENCY = 5;

/** SQS's own. */
export const DEFAULT_BATCH_SIZE = 10;

export function toMapping({ id, attributes }: Stored): Mapping {
  const scaling = attributes["scalingConfig"] as { maximumConcurrency?: number } | undefined;
  const responses = (attributes["functionResponseTypes"] ?? []) as string[];
  return {
    uuid: id,
    queueArn: attributes["eventSourceArn"] as string,
    functionArn: attributes["functionArn"] as string,
    enabled: isEnabled(attributes),
    batchSize: toBatchSize(attributes),
    concurrency: Math.min(scaling?.maximumConcurrency || USUAL_CONCURRENCY, CARRIED),
    reportsFailures: responses.includes("ReportBatchItemFailures"),
  };
}

export function isEnabled({ enabled }: Attributes): boolean {
  return enabled !== false;
}

export function toBatchSize({ batchSize }: Attributes): number {
  return (batchSize as number | undefined) || DEFAULT_BATCH_SIZE;
}
