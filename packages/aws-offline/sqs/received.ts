import { md5, md5OfAttributes } from "./draft.ts";
import type { Message, MessageAttributes } from "./message.ts";

/** Twenty digits, as clients compare them as text. */
export function toSequenceNumber(sequence: number): string {
  return String(sequence).padStart(20, "0");
}

/** What SQS itself knows about a message. */
export function toSystemAttributes(message: Message): Record<string, string> {
  return {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    ...(message.group !== undefined && {
      MessageGroupId: message.group,
      MessageDeduplicationId: message.deduplicationId ?? "",
      SequenceNumber: toSequenceNumber(message.sequence),
    }),
    ...(message.deadLetterSource !== undefined && { DeadLetterQueueSourceArn: message.deadLetterSource }),
  };
}

/** A message as `ReceiveMessage` answers it, with the attributes that were asked for. */
export function toReceived(message: Message, systemNames: string[], names: string[]): object {
  const attributes = pick(toSystemAttributes(message), (name) =>
    ["All", name].some((one) => systemNames.includes(one)),
  );
  const own: MessageAttributes = pick(message.attributes ?? {}, (name) => isAskedFor(name, names));
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    MD5OfBody: md5(message.body),
    Body: message.body,
    ...(Object.keys(attributes).length > 0 && { Attributes: attributes }),
    ...(Object.keys(own).length > 0 && { MessageAttributes: own, MD5OfMessageAttributes: md5OfAttributes(own) }),
  };
}

/** Attributes by name, by `prefix.*`, or all of them. */
function isAskedFor(name: string, patterns: string[]): boolean {
  return patterns.some(
    (pattern) =>
      pattern === "All" || pattern === name || (pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -2))),
  );
}

function pick<T>(record: Record<string, T>, wanted: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => wanted(name)));
}
