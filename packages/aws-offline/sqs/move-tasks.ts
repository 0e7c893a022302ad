import { randomUUID } from "node:crypto";
import * as v from "valibot";
import type { Cloud } from "../cloud.ts";
import { ServiceError } from "../errors.ts";
import { arnToQueueUrl, findQueue, sourcesOf, tryFindQueue } from "./model.ts";

const Start = v.object({
  SourceArn: v.string(),
  DestinationArn: v.optional(v.string()),
  MaxNumberOfMessagesPerSecond: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500))),
});
const List = v.object({ SourceArn: v.string(), MaxResults: v.optional(v.number(), 1) });

interface MoveTask {
  Status: "COMPLETED";
  SourceArn: string;
  DestinationArn?: string;
  MaxNumberOfMessagesPerSecond?: number;
  ApproximateNumberOfMessagesMoved: number;
  ApproximateNumberOfMessagesToMove: number;
  StartedTimestamp: number;
}

/** The last ones of each dead-letter queue, newest first; they are history and need not outlive this process. */
const tasks = new WeakMap<object, Map<string, MoveTask[]>>();

/** Moves dead letters back where they came from, or where the call says: here at once, whatever their number. */
export function startMoveTask(input: unknown, cloud: Cloud): object {
  const wanted = v.parse(Start, input);
  const { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond } = wanted;
  const queue = findSource(cloud, SourceArn);
  if (sourcesOf(cloud, queue).length === 0)
    throw new ServiceError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
  if (DestinationArn !== undefined && !tryFindQueue(cloud, arnToQueueUrl(DestinationArn))) throw missing();
  const { visible } = cloud.queues.count(queue);
  const moved = cloud.queues.redrive(queue, DestinationArn);
  const task: MoveTask = {
    Status: "COMPLETED",
    SourceArn,
    ...(DestinationArn !== undefined && { DestinationArn }),
    ...(MaxNumberOfMessagesPerSecond !== undefined && { MaxNumberOfMessagesPerSecond }),
    ApproximateNumberOfMessagesMoved: moved,
    ApproximateNumberOfMessagesToMove: visible,
    StartedTimestamp: Date.now(),
  };
  const history = historyOf(cloud);
  history.set(SourceArn, [task, ...(history.get(SourceArn) ?? [])].slice(0, 10));
  return { TaskHandle: Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn: SourceArn })).toString("base64") };
}

export function listMoveTasks(input: unknown, cloud: Cloud): object {
  const { SourceArn, MaxResults } = v.parse(List, input);
  findSource(cloud, SourceArn);
  return { Results: (historyOf(cloud).get(SourceArn) ?? []).slice(0, MaxResults) };
}

/** A task is over when its start is answered. */
export function cancelMoveTask(): never {
  throw new ServiceError("UnsupportedOperation", "The task is not running and can therefore not be cancelled.");
}

function historyOf({ queues }: Cloud): Map<string, MoveTask[]> {
  let history = tasks.get(queues);
  if (!history) tasks.set(queues, (history = new Map()));
  return history;
}

function findSource(cloud: Cloud, arn: string) {
  if (!tryFindQueue(cloud, arnToQueueUrl(arn))) throw missing();
  return findQueue(cloud, arnToQueueUrl(arn));
}

function missing(): ServiceError {
  return new ServiceError(
    "ResourceNotFoundException",
    "The resource that you specified for the SourceArn parameter doesn't exist.",
    404,
  );
}
