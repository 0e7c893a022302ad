/** A message in a queue, as the journal keeps it. Times are milliseconds since 1970. */
export interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes?: MessageAttributes;
  readonly senderId: string;
  readonly sentAt: number;
  /** Its place in the queue: larger than that of each message before it, over restarts too. */
  readonly sequence: number;
  /** Only in a FIFO queue, as is what follows. */
  readonly group?: string;
  readonly deduplicationId?: string;
  /** What a second message must not have within five minutes. */
  readonly deduplicationKey?: string;
  /** ARN of the queue that gave it up. */
  readonly deadLetterSource?: string;
  /** Not to be received before: it is in flight, or delayed. */
  visibleAt: number;
  receives: number;
  firstReceivedAt?: number;
  /** The receipt of the last time it was received. */
  receipt?: string;
}

export type MessageAttributes = Record<
  string,
  { DataType: string; StringValue?: string | undefined; BinaryValue?: string | undefined }
>;

/** What a queue remembers of a message that may be gone, so that it refuses the same again. */
export interface Seen {
  key: string;
  id: string;
  sequence: number;
  at: number;
}
