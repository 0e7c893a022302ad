import type { HasMetrics, Datum } from "../cloudwatch/metrics.ts";
import type { HasTrace } from "../trace.ts";
import type { HasStore } from "../store/store.ts";
import { Ledger, type Entry } from "./ledger.ts";
import { measureMessages, toGauges } from "./measures.ts";
import type { Message } from "./message.ts";
import type { MessageQueue } from "./message-queue.ts";
import { arnToQueueUrl, queuesOf, redrivePolicyOf, tryFindQueue, type Queue, type RedrivePolicy } from "./model.ts";
import { createReceipt, expiredReceipt, parseReceipt, refuseVisibility } from "./receipt.ts";

export interface ReceiveOptions {
  count: number;
  /** The limit of all bodies together, of which the first may be longer; none by default. */
  bytes?: number;
  /** Seconds; the queue's own by default. */
  visibilityTimeout?: number | undefined;
  /** How long to wait for a first message. */
  waitMs?: number;
  /** Ends the waiting: nobody would get the messages. */
  signal?: AbortSignal | undefined;
}

/** A message to be sent: what the queue gives it is left out. */
export type Draft = Omit<Message, "sequence" | "visibleAt" | "receives"> & { delaySeconds?: number };

interface Sent {
  id: string;
  sequence: number;
}

type Holder = HasStore & HasTrace & HasMetrics;

/** SQS's data plane. */
export class Queues {
  readonly #cloud: Holder;
  readonly #ledger: Ledger;

  constructor(cloud: Holder) {
    this.#cloud = cloud;
    this.#ledger = new Ledger(cloud);
    cloud.metrics.sample(() => this.#gauges());
  }

  /** Sends them all at once; the answer tells for each what it became, or what sent before it repeats. */
  send({ arn, name }: Queue, drafts: Draft[]): Sent[] {
    const queue = this.#ledger.open(arn);
    const now = Date.now();
    const entry: Entry = [];
    const fresh = new Map<string, Sent>();
    const results = drafts.map(({ delaySeconds = 0, ...draft }): Sent => {
      const key = draft.deduplicationKey;
      const repeated = key === undefined ? undefined : (fresh.get(key) ?? queue.tryFindSeen(key, now));
      if (repeated) return repeated;
      const visibleAt = delaySeconds > 0 ? now + delaySeconds * 1000 : 0;
      const message: Message = { ...draft, sequence: this.#ledger.nextSequence(now), visibleAt, receives: 0 };
      if (key !== undefined) fresh.set(key, message);
      entry.push([arn, { type: "sent", message }]);
      return message;
    });
    this.#ledger.commit(entry);
    measureMessages(this.#cloud, name, "NumberOfMessagesSent", entry.length);
    return results.map(({ id, sequence }) => ({ id, sequence }));
  }

  /** Waits for a first message as long as it may; then takes what is there. */
  async receive(queue: Queue, options: ReceiveOptions): Promise<Message[]> {
    const until = Date.now() + (options.waitMs ?? 0);
    for (;;) {
      if (this.#ledger.isClosed || options.signal?.aborted) return [];
      const messages = this.#take(queue.url, options);
      if (messages.length > 0 || Date.now() >= until) return messages;
      await this.#ledger.changed(queue.arn, until, options.signal);
    }
  }

  /** Deleting what is gone succeeds; a FIFO queue does not take a receipt that has expired. */
  delete({ arn, name }: Queue, receipt: string): void {
    const queue = this.#ledger.open(arn);
    const message = queue.find(parseReceipt(receipt));
    if (!message) return;
    const isCurrent = message.receipt === receipt;
    if (queue.isFifo && !(isCurrent && queue.isInFlight(message, Date.now()))) throw expiredReceipt(receipt);
    if (!isCurrent) return;
    this.#ledger.commit([[arn, { type: "removed", id: message.id }]]);
    measureMessages(this.#cloud, name, "NumberOfMessagesDeleted", 1);
  }

  /** Seconds from now; 0 makes the message visible at once. */
  changeVisibility({ arn }: Queue, receipt: string, seconds: number): void {
    const queue = this.#ledger.open(arn);
    const now = Date.now();
    const message = queue.find(parseReceipt(receipt));
    refuseVisibility(receipt, message, message !== undefined && queue.isInFlight(message, now));
    const { id, receives, firstReceivedAt = now } = message;
    const visibleAt = now + seconds * 1000;
    this.#ledger.commit([[arn, { type: "hidden", id, visibleAt, receipt, receives, firstReceivedAt }]]);
  }

  /** Shows all that is in flight, since the worker that took it is gone. */
  release({ arn }: Queue): void {
    const now = Date.now();
    const messages = this.#ledger.open(arn).inFlight(now);
    this.#ledger.commit(
      messages.map(({ id, receipt = "", receives, firstReceivedAt = now }) => [
        arn,
        { type: "hidden", id, visibleAt: now, receipt, receives, firstReceivedAt },
      ]),
    );
  }

  purge({ arn }: Queue): void {
    this.#ledger.commit([[arn, { type: "purged" }]]);
  }

  /** Moves what is visible to another queue, or each message to the one that gave it up; answers how many. */
  redrive(from: Queue, to: string | undefined): number {
    const moves = this.#ledger
      .open(from.arn)
      .visible(Date.now())
      .map(({ deadLetterSource, ...message }) => ({ message, target: to ?? deadLetterSource }))
      .filter((move): move is { message: Message; target: string } => move.target !== undefined);
    this.#ledger.commit(moves.flatMap(({ message, target }) => this.#move(message, from.arn, target)));
    return moves.length;
  }

  count({ arn }: Queue): ReturnType<MessageQueue["count"]> {
    return this.#ledger.open(arn).count(Date.now());
  }

  /** The queue itself goes, with all that it remembers. */
  drop(arn: string): void {
    this.#ledger.commit([[arn, { type: "dropped" }]]);
  }

  close(): void {
    this.#ledger.close();
  }

  #take(url: string, { count, bytes = Infinity, visibilityTimeout }: ReceiveOptions): Message[] {
    const settings = tryFindQueue(this.#cloud, url);
    if (!settings) return [];
    const { arn, name, attributes } = settings;
    const now = Date.now();
    const redrive = this.#redriveOf(settings);
    const { messages, dead, expired } = this.#ledger.open(arn).take(now, {
      count,
      bytes,
      maxReceives: redrive?.maxReceiveCount ?? Infinity,
      sentAfter: now - Number(attributes["messageRetentionSeconds"]) * 1000,
    });
    const visibleAt = now + (visibilityTimeout ?? Number(attributes["visibilityTimeoutSeconds"])) * 1000;
    this.#ledger.commit([
      ...expired.map(({ id }): Entry[number] => [arn, { type: "removed", id }]),
      ...dead.flatMap((message) => this.#bury(message, settings, redrive?.deadLetterTargetArn ?? "")),
      ...messages.map((message) => receive(arn, message, now, visibleAt)),
    ]);
    measureMessages(this.#cloud, name, "NumberOfMessagesReceived", messages.length);
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
    return this.#move({ ...message, deadLetterSource: arn }, arn, target);
  }

  /** It begins again there; only in a FIFO queue its age does so, too. Deduplication does not look at what is moved. */
  #move(message: Message, from: string, to: string): Entry {
    const { receipt: _, firstReceivedAt: __, deduplicationKey: ___, ...kept } = message;
    const now = Date.now();
    const sentAt = message.group === undefined ? message.sentAt : now;
    const moved: Message = { ...kept, sentAt, sequence: this.#ledger.nextSequence(now), visibleAt: 0, receives: 0 };
    return [
      [to, { type: "sent", message: moved }],
      [from, { type: "removed", id: message.id }],
    ];
  }

  *#gauges(): Iterable<Datum> {
    if (this.#ledger.isClosed) return;
    const now = Date.now();
    for (const { attributes } of queuesOf(this.#cloud).values())
      yield* toGauges(attributes["name"] as string, this.#ledger.open(attributes["arn"] as string).count(now), now);
  }
}

function receive(arn: string, message: Message, now: number, visibleAt: number): Entry[number] {
  const { id, receives, firstReceivedAt = now } = message;
  return [arn, { type: "hidden", id, visibleAt, receipt: createReceipt(id), receives: receives + 1, firstReceivedAt }];
}

/** What needs no more of the account than this. */
export interface HasQueues {
  readonly queues: Queues;
}
