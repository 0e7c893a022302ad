import type { Stored, HasStore, Collection } from "../store/store.ts";
import { dnsSuffixOf, partitionOf } from "@pulumi-line-bot/kit/partition";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";

/** Queues by URL, which is a queue's id. Policies that resources of their own set are kept here as well, as on AWS. */
export const queuesOf = (cloud: HasStore): Collection<Stored> => cloud.store.collection<Stored>("sqs/queues");

/** What a queue's attributes ask for. */
export interface Queue {
  url: string;
  arn: string;
  name: string;
  isFifo: boolean;
  attributes: Attributes;
}

export interface RedrivePolicy {
  deadLetterTargetArn: string;
  maxReceiveCount: number;
}

export function toQueueUrl(region: string, accountId: string, name: string): string {
  const suffix = dnsSuffixOf(partitionOf(region));
  return `https://sqs.${region}.${suffix}/${accountId}/${name}`;
}

/** The URL that a queue has on AWS, whatever host a caller writes: the account's queues are all behind one port here. */
export function normalizeQueueUrl(url: string, signedRegion: string): string {
  const [, host = "", accountId = "", name = ""] = /^(?:https?:\/\/([^/]*))?\/?(\d{12})\/([^/]+)\/?$/.exec(url) ?? [];
  const region = /^sqs\.([a-z0-9-]+)\./.exec(host)?.[1] ?? signedRegion;
  return toQueueUrl(region, accountId, name);
}

export function arnToQueueUrl(arn: string): string {
  const [, , , region = "", accountId = "", name = ""] = arn.split(":");
  return toQueueUrl(region, accountId, name);
}

export function tryFindQueue(cloud: HasStore, url: string): Queue | undefined {
  const stored = queuesOf(cloud).get(url);
  if (!stored) return undefined;
  const { arn, name } = stored.attributes as { arn: string; name: string };
  return { url, arn, name, isFifo: name.endsWith(".fifo"), attributes: stored.attributes };
}

/** Throws as SQS does where there is none. */
export function findQueue(cloud: HasStore, url: string): Queue {
  const queue = tryFindQueue(cloud, url);
  if (!queue) throw new ServiceError("QueueDoesNotExist", "The specified queue does not exist.");
  return queue;
}

export function redrivePolicyOf({ attributes }: Queue): RedrivePolicy | undefined {
  const text = attributes["redrivePolicy"] as string | undefined;
  return text ? (JSON.parse(text) as RedrivePolicy) : undefined;
}

/** Queues whose messages end in this one. */
export function sourcesOf(cloud: HasStore, { arn }: Queue): Queue[] {
  return queuesOf(cloud)
    .values()
    .map(({ id }) => findQueue(cloud, id))
    .filter((queue) => redrivePolicyOf(queue)?.deadLetterTargetArn === arn);
}
