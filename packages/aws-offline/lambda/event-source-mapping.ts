import { randomUUID } from "node:crypto";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { isAllowed } from "../iam/access.ts";
import { arnToQueueUrl, tryFindQueue, type Queue } from "../sqs/model.ts";
import { storedType } from "../store/stored.ts";
import { DEFAULT_BATCH_SIZE, isEnabled, mappingsOf, toBatchSize } from "./event-source/mapping.ts";
import { QUEUE_ACTIONS } from "./event-source/poller.ts";
import { parseFunctionName, resolveFunction, type Resolved } from "./model.ts";

/** Inputs behind which nothing is simulated. */
const REFUSED = [
  "destinationConfig",
  "filterCriteria",
  "kmsKeyArn",
  "maximumBatchingWindowInSeconds",
  "metricsConfig",
  "provisionedPollerConfig",
];
const FIFO_BATCH_LIMIT = 10;

export const eventSourceMapping = storedType({
  token: "aws:lambda/eventSourceMapping:EventSourceMapping",
  collection: "lambda/event-source-mappings",
  // The name of a function and its ARN are one, with the same qualifier.
  same: (property, old, wanted) => property === "functionName" && sameFunction(old as string, wanted as string),
  recomputes: ({ changed }) => (changed.has("functionName") ? ["functionArn", "lastModified"] : ["lastModified"]),
  make(inputs, cloud) {
    const { fn, invokedArn } = check(inputs, cloud);
    refuseSecond(inputs, fn.name, cloud);
    const uuid = randomUUID();
    const arn = toArn("lambda", inputs["region"] as string, cloud.accountId, `event-source-mapping:${uuid}`);
    return { id: uuid, attributes: { ...inputs, ...describe(inputs, invokedArn), uuid, arn } };
  },
  remake({ news }, cloud) {
    return describe(news, check(news, cloud).invokedArn);
  },
  settled: ({ uuid }, cloud) => cloud.eventSources.follow(uuid as string),
  removed: (cloud, id) => cloud.eventSources.follow(id),
});

function sameFunction(one: string, other: string): boolean {
  const [left, right] = [parseFunctionName(one), parseFunctionName(other)];
  return left.name === right.name && left.qualifier === right.qualifier;
}

function describe(inputs: Attributes, functionArn: string): Attributes {
  return {
    functionArn,
    lastModified: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    lastProcessingResult: "No records processed",
    maximumRecordAgeInSeconds: 0,
    maximumRetryAttempts: 0,
    parallelizationFactor: 0,
    state: isEnabled(inputs) ? "Enabled" : "Disabled",
    stateTransitionReason: "USER_INITIATED",
  };
}

/** What Lambda looks at before it takes a mapping. */
function check(inputs: Attributes, cloud: Cloud): Resolved {
  const property = REFUSED.find((name) => inputs[name] !== undefined && inputs[name] !== 0);
  if (property !== undefined)
    throw invalid(
      `The offline AWS does not simulate ${property} of an event source mapping. Leave it out of this stack.`,
    );
  const arn = (inputs["eventSourceArn"] ?? "") as string;
  if (!/^arn:[^:]+:sqs:/.test(arn))
    throw invalid(`The offline AWS polls SQS queues only, not ${arn || "an event source without eventSourceArn"}.`);
  const queue = tryFindQueue(cloud, arnToQueueUrl(arn));
  if (!queue) throw invalid(`Error occurred while ReceiveMessage. The queue ${arn} does not exist.`);
  const resolved = resolveFunction(cloud, inputs["functionName"] as string);
  refuseBatch(inputs, queue);
  refuseTimeout(resolved, queue);
  refuseRole(resolved, queue, cloud);
  return resolved;
}

function refuseBatch(inputs: Attributes, { isFifo }: Queue): void {
  const limit = isFifo ? FIFO_BATCH_LIMIT : DEFAULT_BATCH_SIZE;
  const size = toBatchSize(inputs);
  if (size > limit)
    throw invalid(
      isFifo
        ? `Batch size ${size} is more than ${limit}, the most for a FIFO queue.`
        : `Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than ${limit}`,
    );
  const { maximumConcurrency } = (inputs["scalingConfig"] ?? {}) as { maximumConcurrency?: number };
  if (maximumConcurrency !== undefined && maximumConcurrency > 1000)
    throw invalid(`MaximumConcurrency ${maximumConcurrency} is more than 1000.`);
}

function refuseTimeout({ version }: Resolved, { attributes }: Queue): void {
  const visibility = Number(attributes["visibilityTimeoutSeconds"]);
  if (visibility < version.timeout)
    throw invalid(
      `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${version.timeout} seconds`,
    );
}

function refuseRole({ version }: Resolved, { arn }: Queue, cloud: Cloud): void {
  const action = QUEUE_ACTIONS.find((needed) => !isAllowed(cloud, version.role, needed, arn));
  if (action !== undefined)
    throw invalid(`The provided execution role does not have permissions to call ${action.replace("sqs:", "")} on SQS`);
}

function refuseSecond({ eventSourceArn }: Attributes, functionName: string, cloud: Cloud): void {
  const existing = mappingsOf(cloud)
    .values()
    .find(
      ({ attributes }) =>
        attributes["eventSourceArn"] === eventSourceArn &&
        parseFunctionName(attributes["functionArn"] as string).name === functionName,
    );
  if (existing)
    throw new ServiceError(
      "ResourceConflictException",
      `An event source mapping with SQS arn (" ${eventSourceArn as string} ") and function (" ${functionName} ") already exists. Please update or delete the existing mapping with UUID ${existing.id}`,
      409,
    );
}

function invalid(message: string): ServiceError {
  return new ServiceError("InvalidParameterValueException", message);
}
