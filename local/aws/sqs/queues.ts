import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { join } from "node:path";
import type { Cloud } from "../cloud.ts";
import { ServiceError } from "../errors.ts";
import { openJournal } from "../store/journal.ts";
import type { Journal } from "../store/journal.ts";
import type { Message } from "./message.ts";
import { MessageQueue } from "./message-queue.ts";
import type { Change } from "./message-queue.ts";
import { arnToQueueUrl, redrivePolicyOf, tryFindQueue } from "./model.ts";
import type { Queue, RedrivePolicy } from "./model.ts";

/** By ARN; all of one entry happen together or not at all. */
type Entry = [arn: string, change: Change | { type: "dropped" }][];

export interface ReceiveOptions {
  count: number;
  /** Seconds; the queue's own by default. */
  visibilityTimeout?: number | undefined;
  /** How long to wait for a first message. */
  waitMs?: number;
  /** Ends the waiting: nobody would get the messages. */
  signal?: AbortSignal | undefined;
}

/** A message to be sent: what the queue gives it is left out. */
export type Draft = Omit<Message, "sequence" | "visibleAt" | "receives"> & { delaySeconds?: number };

/** SQS's data plane: the messages of all queues, kept in one journal. */
export class Queues {
  readonly #cloud: Pick<Cloud, "store" | "trace">;
  readonly #queues = new Map<string, MessageQueue>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #journal: Journal<Entry> | undefined;
  #lastSequence = 0;
  #closed = false;

  constructor(cloud: Pick<Cloud, "store" | "trace">) {
    this.#cloud = cloud;
  }

  /** Sends them all at once; the answer tells for each what it became, or what sent before it repeats. */
  send({ arn }: Queue, drafts: Draft[]): { id: string; sequence: number }[] {
    const queue = this.#open(arn);
    const now = Date.now();
    const entry: Entry = [];
    const results: { id: string; sequence: number }[] = [];
    const fresh = new Map<string, { id: string; sequence: number }>();
    for (const { delaySeconds = 0, ...draft } of drafts) {
      const key = draft.deduplicationKey;
      const repeated = key === undefined ? undefined : (fresh.get(key) ?? queue.tryFindSeen(key, now));
      if (!repeated) {
        const visibleAt = delaySeconds > 0 ? now + delaySeconds * 1000 : 0;
        const message: Message = { ...draft, sequence: this.#nextSequence(now), visibleAt, receives: 0 };
        if (key !== undefined) fresh.set(key, message);
        entry.push([arn, { type: "sent", message }]);
        results.push(message);
      } else results.push(repeated);
    }
    this.#commit(entry);
    return results.map(({ id, sequence }) => ({ id, sequence }));
  }

  /** Waits for a first message as long as it may; then takes what is there. */
  async receive(queue: Queue, options: ReceiveOptions): Promise<Message[]> {
    const until = Date.now() + (options.waitMs ?? 0);
    for (;;) {
      if (this.#closed || options.signal?.aborted) return [];
      const messages = this.#take(queue.url, options);
      if (messages.length > 0 || Date.now() >= until) return messages;
      await this.#changed(queue.arn, until, options.signal);
    }
  }

  /** Deleting what is gone succeeds; a FIFO queue does not take a receipt that has expired. */
  delete({ arn }: Queue, receipt: string): void {
    const queue = this.#open(arn);
    const message = queue.find(toId(receipt));
    if (!message || message.receipt !== receipt) {
      if (message && queue.isFifo) throw expired(receipt);
      return;
    }
    if (queue.isFifo && !queue.isInFlight(message, Date.now())) throw expired(receipt);
    this.#commit([[arn, { type: "removed", id: message.id }]]);
  }

  /** Seconds from now; 0 makes the message visible at once. */
  changeVisibility({ arn }: Queue, receipt: string, seconds: number): void {
    const queue = this.#open(arn);
    const now = Date.now();
    const message = queue.find(toId(receipt));
    if (!message || message.receipt !== receipt)
      throw new ServiceError(
        "InvalidParameterValue",
        `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    if (!queue.isInFlight(message, now))
      throw new ServiceError("MessageNotInflight", "The specified message isn't in flight.");
    this.#commit([[arn, hide(message, { visibleAt: now + seconds * 1000 })]]);
  }

  purge({ arn }: Queue): void {
    this.#commit([[arn, { type: "purged" }]]);
  }

  /** Moves what is visible to another queue, or each message to the one that gave it up. */
  redrive(from: Queue, to: string | undefined): number {
    const messages = this.#open(from.arn)
      .visible(Date.now())
      .sort((one, other) => one.sequence - other.sequence);
    const entry = messages.flatMap((message) => {
      const target = to ?? message.deadLetterSource;
      return target === undefined ? [] : this.#move(message, from.arn, target, undefined);
    });
    this.#commit(entry);
    return entry.length / 2;
  }

  count({ arn }: Queue): ReturnType<MessageQueue["count"]> {
    return this.#open(arn).count(Date.now());
  }

  /** Calls back whenever messages of a queue came, went or became visible by a call. */
  onChange(arn: string, listener: () => void): () => void {
    this.#changes.on(arn, listener);
    return () => void this.#changes.off(arn, listener);
  }

  /** The queue itself goes, with all that it remembers. */
  drop(arn: string): void {
    this.#commit([[arn, { type: "dropped" }]]);
  }

  close(): void {
    this.#closed = true;
    for (const arn of this.#changes.eventNames()) this.#changes.emit(arn);
    this.#journal?.close();
    this.#journal = undefined;
  }

  #take(url: string, { count, visibilityTimeout }: ReceiveOptions): Message[] {
    const settings = tryFindQueue(this.#cloud, url);
    if (!settings) return [];
    const { arn, attributes } = settings;
    const now = Date.now();
    const redrive = this.#redriveOf(settings);
    const { messages, dead, expired } = this.#open(arn).take(now, count, {
      maxReceives: redrive?.maxReceiveCount ?? Infinity,
      sentAfter: now - Number(attributes["messageRetentionSeconds"]) * 1000,
    });
    const seconds = visibilityTimeout ?? Number(attributes["visibilityTimeoutSeconds"]);
    this.#commit([
      ...expired.map(({ id }): Entry[number] => [arn, { type: "removed", id }]),
      ...dead.flatMap((message) => this.#bury(message, settings, redrive?.deadLetterTargetArn ?? "")),
      ...messages.map((message): Entry[number] => [arn, receive(message, now, seconds)]),
    ]);
    return messages.map((message) => ({ ...message }));
  }

  /** A queue whose dead-letter queue is gone keeps its messages. */
  #redriveOf(queue: Queue): RedrivePolicy | undefined {
    const policy = redrivePolicyOf(queue);
    return policy && tryFindQueue(this.#cloud, arnToQueueUrl(policy.deadLetterTargetArn)) ? policy : undefined;
  }

  #bury(message: Message, { arn, name }: Queue, target: string): Entry {
    const deadLetterQueue = target.split(":").at(-1) ?? "";
    this.#cloud.trace({ kind: "dead-letter", queue: name, deadLetterQueue, messageId: message.id });
    return this.#move(message, arn, target, arn);
  }

  #move(message: Message, from: string, to: string, deadLetterSource: string | undefined): Entry {
    const {
      visibleAt: _,
      receipt,
      receives,
      firstReceivedAt,
      deduplicationKey,
      deadLetterSource: __,
      ...kept
    } = message;
    const now = Date.now();
    const moved: Message = {
      ...kept,
      ...(deadLetterSource !== undefined && { deadLetterSource }),
      // Only in a FIFO queue the message's age begins anew.
      sentAt: message.group === undefined ? message.sentAt : now,
      sequence: this.#nextSequence(now),
      visibleAt: 0,
      receives: 0,
    };
    return [
      [to, { type: "sent", message: moved }],
      [from, { type: "removed", id: message.id }],
    ];
  }

  /** On disk first, then in memory, then told to those who wait. */
  #commit(entry: Entry): void {
    if (entry.length === 0) return;
    this.#opened().append(entry);
    this.#apply(entry);
    for (const arn of new Set(entry.map(([arn]) => arn))) this.#changes.emit(arn);
  }

  #apply(entry: Entry): void {
    for (const [arn, change] of entry) {
      if (change.type === "dropped") this.#queues.delete(arn);
      else this.#queueOf(arn).apply(change);
      if (change.type === "sent") this.#lastSequence = Math.max(this.#lastSequence, change.message.sequence);
    }
  }

  #opened(): Journal<Entry> {
    if (this.#closed) throw new ServiceError("InternalError", "The local AWS is closing", 500);
    return (this.#journal ??= openJournal<Entry>(join(this.#cloud.store.folder, "sqs", "messages.journal"), {
      replay: (entry) => this.#apply(entry),
      snapshot: () =>
        [...this.#queues].flatMap(([arn, queue]) => queue.toChanges().map((change): Entry => [[arn, change]])),
    }));
  }

  #open(arn: string): MessageQueue {
    this.#opened();
    return this.#queueOf(arn);
  }

  #queueOf(arn: string): MessageQueue {
    let queue = this.#queues.get(arn);
    if (!queue) this.#queues.set(arn, (queue = new MessageQueue(arn.endsWith(".fifo"))));
    return queue;
  }

  /** Larger than every one before, in this process and in those before it. */
  #nextSequence(now: number): number {
    return (this.#lastSequence = Math.max(this.#lastSequence + 1, now * 1000));
  }

  /** Resolves when a call changes the queue, when a hidden message shows itself, or when there is no more time. */
  async #changed(arn: string, until: number, signal: AbortSignal | undefined): Promise<void> {
    const at = Math.min(until, this.#open(arn).nextVisibleAt);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, Math.max(1, at - Date.now()));
      const changes = this.#changes.once(arn, done);
      signal?.addEventListener("abort", done);
      function done(): void {
        clearTimeout(timer);
        changes.off(arn, done);
        signal?.removeEventListener("abort", done);
        resolve();
      }
    });
  }
}

function receive(message: Message, now: number, seconds: number): Change {
  const receipt = Buffer.from(`${message.id}/${randomUUID()}`).toString("base64url");
  const firstReceivedAt = message.firstReceivedAt ?? now;
  return hide(message, { visibleAt: now + seconds * 1000, receipt, receives: message.receives + 1, firstReceivedAt });
}

function hide(message: Message, changes: Partial<Extract<Change, { type: "hidden" }>>): Change {
  const { id, visibleAt, receipt = "", receives, firstReceivedAt = 0 } = message;
  return { type: "hidden", id, visibleAt, receipt, receives, firstReceivedAt, ...changes };
}

/** The message that a receipt handle is for. */
function toId(receipt: string): string {
  const [, id] = /^([0-9a-f-]{36})\/[0-9a-f-]{36}$/.exec(Buffer.from(receipt, "base64url").toString()) ?? [];
  if (id === undefined)
    throw new ServiceError(
      "ReceiptHandleIsInvalid",
      `The input receipt handle "${receipt}" is not a valid receipt handle.`,
    );
  return id;
}

function expired(receipt: string): ServiceError {
  return new ServiceError(
    "InvalidParameterValue",
    `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  );
}
