import * as v from "valibot";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Cloud } from "../cloud.ts";
import type { Call, JsonService } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";
import { refuseBadBatch, settle } from "./batch.ts";
import { md5, md5OfAttributes, sentEntries, sizeOf, toDraft } from "./draft.ts";
import { findQueue, normalizeQueueUrl, queuesOf, sourcesOf, type Queue } from "./model.ts";
import { cancelMoveTask, listMoveTasks, startMoveTask } from "./move-tasks.ts";
import { toQueueAttributes } from "./queue-attributes.ts";
import type { Draft } from "./queues.ts";
import { toReceived, toSequenceNumber } from "./received.ts";

const QueueUrl = { QueueUrl: v.string() };
const Seconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(43_200));
const Receipt = { ReceiptHandle: v.string() };
const Id = { Id: v.string() };

const Url = v.object(QueueUrl);
const Send = v.object({ ...QueueUrl, ...sentEntries });
const SendBatch = v.object({ ...QueueUrl, Entries: v.array(v.object({ ...Id, ...sentEntries })) });
const Receive = v.object({
  ...QueueUrl,
  MaxNumberOfMessages: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)), 1),
  VisibilityTimeout: v.optional(Seconds),
  WaitTimeSeconds: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(20))),
  AttributeNames: v.optional(v.array(v.string()), []),
  MessageSystemAttributeNames: v.optional(v.array(v.string()), []),
  MessageAttributeNames: v.optional(v.array(v.string()), []),
});
const Delete = v.object({ ...QueueUrl, ...Receipt });
const DeleteBatch = v.object({ ...QueueUrl, Entries: v.array(v.object({ ...Id, ...Receipt })) });
const Change = v.object({ ...QueueUrl, ...Receipt, VisibilityTimeout: Seconds });
const ChangeBatch = v.object({
  ...QueueUrl,
  Entries: v.array(v.object({ ...Id, ...Receipt, VisibilityTimeout: v.optional(Seconds, 0) })),
});
const GetAttributes = v.object({ ...QueueUrl, AttributeNames: v.optional(v.array(v.string()), []) });
const GetUrl = v.object({ QueueName: v.string() });
const List = v.object({ QueueNamePrefix: v.optional(v.string(), "") });

/** SQS's operations that are simulated; queues themselves are made by the program that is deployed. */
const operations: JsonService["operations"] = {
  SendMessage(input, cloud, call) {
    const sent = v.parse(Send, input);
    const queue = find(sent, cloud, call);
    return send(cloud, queue, [toDraft(sent, queue, call.caller.userId)])[0] ?? {};
  },
  SendMessageBatch(input, cloud, call) {
    const { Entries, ...rest } = v.parse(SendBatch, input);
    const queue = find(rest, cloud, call);
    refuseBadBatch(Entries);
    const size = Entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    if (size > BATCH_LIMIT)
      throw new ServiceError(
        "BatchRequestTooLong",
        `Batch requests cannot be longer than ${BATCH_LIMIT} bytes. You have sent ${size} bytes.`,
      );
    const { done, Failed } = settle(Entries, (entry) => toDraft(entry, queue, call.caller.userId));
    const results = send(
      cloud,
      queue,
      done.map(({ result }) => result),
    );
    return { Successful: done.map(({ Id: id }, index) => ({ Id: id, ...results[index] })), Failed };
  },
  async ReceiveMessage(input, cloud, call) {
    const wanted = v.parse(Receive, input);
    const queue = find(wanted, cloud, call);
    const messages = await cloud.queues.receive(queue, {
      count: wanted.MaxNumberOfMessages,
      visibilityTimeout: wanted.VisibilityTimeout,
      waitMs: (wanted.WaitTimeSeconds ?? Number(queue.attributes["receiveWaitTimeSeconds"] ?? 0)) * 1000,
      signal: call.signal,
    });
    if (messages.length === 0) return {};
    const names = [...wanted.AttributeNames, ...wanted.MessageSystemAttributeNames];
    return { Messages: messages.map((message) => toReceived(message, names, wanted.MessageAttributeNames)) };
  },
  DeleteMessage(input, cloud, call) {
    const entry = v.parse(Delete, input);
    cloud.queues.delete(find(entry, cloud, call), entry.ReceiptHandle);
    return {};
  },
  DeleteMessageBatch(input, cloud, call) {
    const { Entries, ...rest } = v.parse(DeleteBatch, input);
    const queue = find(rest, cloud, call);
    refuseBadBatch(Entries);
    const { done, Failed } = settle(Entries, (entry) => cloud.queues.delete(queue, entry.ReceiptHandle));
    return { Successful: done.map(({ Id: id }) => ({ Id: id })), Failed };
  },
  ChangeMessageVisibility(input, cloud, call) {
    const entry = v.parse(Change, input);
    cloud.queues.changeVisibility(find(entry, cloud, call), entry.ReceiptHandle, entry.VisibilityTimeout);
    return {};
  },
  ChangeMessageVisibilityBatch(input, cloud, call) {
    const { Entries, ...rest } = v.parse(ChangeBatch, input);
    const queue = find(rest, cloud, call);
    refuseBadBatch(Entries);
    const { done, Failed } = settle(Entries, ({ ReceiptHandle, VisibilityTimeout }) =>
      cloud.queues.changeVisibility(queue, ReceiptHandle, VisibilityTimeout),
    );
    return { Successful: done.map(({ Id: id }) => ({ Id: id })), Failed };
  },
  GetQueueUrl(input, cloud, { region }) {
    const { QueueName } = v.parse(GetUrl, input);
    return { QueueUrl: findQueue(cloud, normalizeQueueUrl(`${cloud.accountId}/${QueueName}`, region)).url };
  },
  ListQueues(input, cloud, { region }) {
    const { QueueNamePrefix } = v.parse(List, input);
    const urls = queuesOf(cloud)
      .values()
      .filter(({ attributes }) => attributes["region"] === region)
      .filter(({ attributes }) => String(attributes["name"]).startsWith(QueueNamePrefix))
      .map(({ id }) => id);
    return urls.length > 0 ? { QueueUrls: urls } : {};
  },
  GetQueueAttributes(input, cloud, call) {
    const { AttributeNames, ...rest } = v.parse(GetAttributes, input);
    const queue = find(rest, cloud, call);
    const attributes = toQueueAttributes(queue, cloud.queues.count(queue));
    const unknown = AttributeNames.find((name) => name !== "All" && !(name in attributes) && !KNOWN.has(name));
    if (unknown !== undefined) throw new ServiceError("InvalidAttributeName", `Unknown Attribute ${unknown}.`);
    const wanted = Object.entries(attributes).filter(
      ([name]) => AttributeNames.includes("All") || AttributeNames.includes(name),
    );
    return wanted.length > 0 ? { Attributes: Object.fromEntries(wanted) } : {};
  },
  ListQueueTags(input, cloud, call) {
    const { attributes } = find(v.parse(Url, input), cloud, call);
    return { Tags: attributes["tagsAll"] ?? {} };
  },
  ListDeadLetterSourceQueues(input, cloud, call) {
    const queue = find(v.parse(Url, input), cloud, call);
    return { queueUrls: sourcesOf(cloud, queue).map(({ url }) => url) };
  },
  PurgeQueue(input, cloud, call) {
    cloud.queues.purge(find(v.parse(Url, input), cloud, call));
    return {};
  },
  StartMessageMoveTask: startMoveTask,
  ListMessageMoveTasks: listMoveTasks,
  CancelMessageMoveTask: cancelMoveTask,
};

/** The limit of all messages of a batch together, and of one alone. */
const BATCH_LIMIT = 1024 * 1024;
/** Attributes that a queue may lack. */
const KNOWN = new Set([
  "Policy",
  "RedrivePolicy",
  "RedriveAllowPolicy",
  "KmsMasterKeyId",
  "KmsDataKeyReusePeriodSeconds",
  "FifoQueue",
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "FifoThroughputLimit",
]);

export const sqs: JsonService = {
  prefix: "sqs",
  version: "1.0",
  errorNamespace: "com.amazonaws.sqs#",
  validationCode: "InvalidParameterValue",
  queryErrors: {
    QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
    MessageNotInflight: "AWS.SimpleQueueService.MessageNotInflight",
    BatchEntryIdsNotDistinct: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    BatchRequestTooLong: "AWS.SimpleQueueService.BatchRequestTooLong",
    EmptyBatchRequest: "AWS.SimpleQueueService.EmptyBatchRequest",
    InvalidBatchEntryId: "AWS.SimpleQueueService.InvalidBatchEntryId",
    TooManyEntriesInBatchRequest: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
  },
  operations,
  actions: {
    SendMessageBatch: "SendMessage",
    DeleteMessageBatch: "DeleteMessage",
    ChangeMessageVisibilityBatch: "ChangeMessageVisibility",
  },
  resourceOf(input, region, cloud) {
    const { QueueUrl: url, QueueName: name, SourceArn: arn } = v.parse(About, input);
    if (arn !== undefined) return arn;
    const queueName = name ?? url?.split("/").at(-1);
    if (queueName === undefined) return "*";
    const urlRegion = url === undefined ? region : (/\/\/sqs\.([^.]+)\./.exec(url)?.[1] ?? region);
    return toArn("sqs", urlRegion, cloud.accountId, queueName);
  },
};

const About = v.object({
  QueueUrl: v.optional(v.string()),
  QueueName: v.optional(v.string()),
  SourceArn: v.optional(v.string()),
});

function find({ QueueUrl: url }: { QueueUrl: string }, cloud: Cloud, { region }: Call): Queue {
  return findQueue(cloud, normalizeQueueUrl(url, region));
}

/** What SQS answers about each message sent. */
function send(cloud: Cloud, queue: Queue, drafts: Draft[]): object[] {
  return cloud.queues.send(queue, drafts).map(({ id, sequence }, index) => ({
    MessageId: id,
    MD5OfMessageBody: md5(drafts[index]?.body ?? ""),
    MD5OfMessageAttributes: md5OfAttributes(drafts[index]?.attributes),
    ...(queue.isFifo && { SequenceNumber: toSequenceNumber(sequence) }),
  }));
}
