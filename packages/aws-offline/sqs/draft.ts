import { createHash, randomUUID } from "node:crypto";
import * as v from "valibot";
import { ServiceError } from "../errors.ts";
import type { MessageAttributes } from "./message.ts";
import type { Queue } from "./model.ts";
import type { Draft } from "./queues.ts";

const Attributes = v.record(
  v.string(),
  v.object({
    DataType: v.string(),
    StringValue: v.optional(v.string()),
    BinaryValue: v.optional(v.string()),
  }),
);

/** What is sent, alone or as an entry of a batch. */
export const sentEntries = {
  MessageBody: v.string(),
  DelaySeconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(900))),
  MessageAttributes: v.optional(Attributes),
  MessageGroupId: v.optional(v.string()),
  MessageDeduplicationId: v.optional(v.string()),
};
const Sent = v.object(sentEntries);
type Sent = v.InferOutput<typeof Sent>;

/**
 * What no message may hold, beside halves of pairs:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;
/** Group and deduplication ids. */
const FIFO_ID = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;

/** A message as the queue takes it, or the error that SQS answers. */
export function toDraft(sent: Sent, queue: Queue, senderId: string): Draft {
  const { MessageBody: body, MessageAttributes: attributes } = sent;
  if (body === "") throw missing("MessageBody");
  if (FORBIDDEN.test(body) || !body.isWellFormed())
    throw new ServiceError(
      "InvalidMessageContents",
      "Invalid binary character was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    );
  const limit = Number(queue.attributes["maxMessageSize"]);
  if (sizeOf(sent) > limit)
    throw invalid(`One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`);
  const common = {
    id: randomUUID(),
    body,
    ...(attributes && { attributes }),
    senderId,
    sentAt: Date.now(),
  };
  const delaySeconds = sent.DelaySeconds ?? Number(queue.attributes["delaySeconds"] ?? 0);
  if (!queue.isFifo) return { ...common, delaySeconds };
  return { ...common, ...toFifo(sent, queue), delaySeconds };
}

function toFifo(sent: Sent, { attributes }: Queue) {
  const { MessageGroupId: group, DelaySeconds: delay } = sent;
  if (group === undefined) throw missing("MessageGroupId");
  refuseId("MessageGroupId", group);
  if (delay)
    throw invalid(
      `Value ${delay} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
    );
  const isByContent = attributes["contentBasedDeduplication"] === true;
  const deduplicationId = sent.MessageDeduplicationId ?? (isByContent ? sha256(sent.MessageBody) : undefined);
  if (deduplicationId === undefined)
    throw invalid(
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  refuseId("MessageDeduplicationId", deduplicationId);
  const isByGroup = attributes["deduplicationScope"] === "messageGroup";
  return { group, deduplicationId, deduplicationKey: isByGroup ? `${group}\n${deduplicationId}` : deduplicationId };
}

/** Bytes that count against the limits: body, and names, types and values of attributes. */
export function sizeOf({ MessageBody, MessageAttributes = {} }: Sent): number {
  const attributes = Object.entries(MessageAttributes).map(([name, { DataType, StringValue = "", BinaryValue = "" }]) =>
    [name, DataType, StringValue].reduce(
      (size, text) => size + Buffer.byteLength(text),
      Buffer.byteLength(BinaryValue, "base64"),
    ),
  );
  return attributes.reduce((sum, size) => sum + size, Buffer.byteLength(MessageBody));
}

export function md5(content: string | Buffer): string {
  return createHash("md5").update(content).digest("hex");
}

/** MD5 of attributes as clients compute it: by name, each part with its length, strings as 1 and bytes as 2. */
export function md5OfAttributes(attributes: MessageAttributes | undefined): string | undefined {
  const names = Object.keys(attributes ?? {}).sort();
  if (names.length === 0) return undefined;
  const parts = names.flatMap((name) => {
    const { DataType = "", StringValue, BinaryValue } = attributes?.[name] ?? {};
    const value = StringValue === undefined ? Buffer.from(BinaryValue ?? "", "base64") : Buffer.from(StringValue);
    const kind = Buffer.from([DataType.startsWith("Binary") ? 2 : 1]);
    return [...withLength(Buffer.from(name)), ...withLength(Buffer.from(DataType)), kind, ...withLength(value)];
  });
  return md5(Buffer.concat(parts));
}

function withLength(bytes: Buffer): [Buffer, Buffer] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}

function refuseId(name: string, value: string): void {
  if (!FIFO_ID.test(value))
    throw invalid(
      `Value ${value} for parameter ${name} is invalid. Reason: ${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    );
}

function invalid(message: string): ServiceError {
  return new ServiceError("InvalidParameterValue", message);
}

function missing(name: string): ServiceError {
  return new ServiceError("MissingParameter", `The request must contain the parameter ${name}.`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
