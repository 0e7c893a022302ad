import type { HasStore } from "../store/store.ts";
import { EventEmitter } from "node:events";
import { join } from "node:path";
import { ServiceError } from "../errors.ts";
import { openJournal, type Journal } from "../store/journal.ts";
import { MessageQueue, type Change } from "./message-queue.ts";

/** Changes by a queue's ARN; all of one entry happen together or not at all. */
export type Entry = [arn: string, change: Change | { type: "dropped" }][];

/** The messages of all queues: in memory, in one journal on disk, and told to those who wait for them. */
export class Ledger {
  readonly #cloud: HasStore;
  readonly #queues = new Map<string, MessageQueue>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #journal: Journal<Entry> | undefined;
  #lastSequence = 0;
  #closed = false;

  constructor(cloud: HasStore) {
    this.#cloud = cloud;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  open(arn: string): MessageQueue {
    this.#opened();
    return this.#queueOf(arn);
  }

  /** On disk first, then in memory, then told. */
  commit(entry: Entry): void {
    if (entry.length === 0) return;
    this.#opened().append(entry);
    this.#apply(entry);
    for (const arn of new Set(entry.map(([of]) => of))) this.#changes.emit(arn);
  }

  /** Larger than every one before, in this process and in those before it. */
  nextSequence(now: number): number {
    return (this.#lastSequence = Math.max(this.#lastSequence + 1, now * 1000));
  }

  /** Resolves when a queue changes, when a hidden message shows itself, or when there is no more time. */
  async changed(arn: string, until: number, signal: AbortSignal | undefined): Promise<void> {
    const at = Math.min(until, this.open(arn).nextVisibleAt);
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

  close(): void {
    this.#closed = true;
    for (const arn of this.#changes.eventNames()) this.#changes.emit(arn);
    this.#journal?.close();
    this.#journal = undefined;
  }

  #opened(): Journal<Entry> {
    if (this.#closed) throw new ServiceError("InternalError", "The local AWS is closing", 500);
    return (this.#journal ??= openJournal<Entry>(join(this.#cloud.store.folder, "sqs", "messages.journal"), {
      replay: (entry) => this.#apply(entry),
      snapshot: () =>
        [...this.#queues].flatMap(([arn, queue]) => queue.toChanges().map((change): Entry => [[arn, change]])),
    }));
  }

  #apply(entry: Entry): void {
    for (const [arn, change] of entry) {
      if (change.type === "dropped") this.#queues.delete(arn);
      else this.#queueOf(arn).apply(change);
      if (change.type === "sent") this.#lastSequence = Math.max(this.#lastSequence, change.message.sequence);
    }
  }

  #queueOf(arn: string): MessageQueue {
    let queue = this.#queues.get(arn);
    if (!queue) this.#queues.set(arn, (queue = new MessageQueue(arn.endsWith(".fifo"))));
    return queue;
  }
}
