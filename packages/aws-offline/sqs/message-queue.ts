import type { Message, Seen } from "./message.ts";

/** All that can happen to a queue's messages: what the journal holds. */
export type Change =
  | { type: "sent"; message: Message }
  | { type: "hidden"; id: string; visibleAt: number; receipt: string; receives: number; firstReceivedAt: number }
  | { type: "removed"; id: string }
  | { type: "purged" }
  | { type: "seen"; seen: Seen };

export interface Taken {
  /** To be handed out, in order. */
  messages: Message[];
  /** Received too often already: to be moved to the dead-letter queue instead. */
  dead: Message[];
  /** Sent too long ago: to be removed. */
  expired: Message[];
}

interface Limits {
  count: number;
  /** The limit of all bodies together; the first may be longer. */
  bytes: number;
  maxReceives: number;
  sentAfter: number;
}

interface Group {
  readonly messages: Message[];
  /** How many of them are in flight. */
  inFlight: number;
}

/** A message with the deduplication id of one sent this long ago or later is taken for the same. */
const DEDUPLICATION_MS = 5 * 60_000;

/**
 * The messages of one queue, in memory, without a clock of its own.
 *
 *     sent ──▶ (delayed) ──▶ visible ──receive──▶ in flight ──delete──▶ gone
 *                               ▲─────visibility timeout──┘
 *
 * In a FIFO queue a group hands out its messages in order, and none while one of them is in flight.
 */
export class MessageQueue {
  readonly isFifo: boolean;
  readonly #messages = new Map<string, Message>();
  /** A standard queue has one group, which nothing blocks. The group that was served last comes last. */
  readonly #groups = new Map<string, Group>();
  /** Those in flight or delayed. */
  readonly #hidden = new Set<Message>();
  /** Oldest first. */
  readonly #seen = new Map<string, Seen>();

  constructor(isFifo: boolean) {
    this.isFifo = isFifo;
  }

  /** The one way in which anything changes, now or when the journal is replayed. */
  apply(change: Change): void {
    switch (change.type) {
      case "sent":
        return this.#add(change.message);
      case "hidden": {
        const message = this.#messages.get(change.id);
        if (!message) return;
        this.#show(message);
        const { visibleAt, receipt, receives, firstReceivedAt } = change;
        Object.assign(message, { visibleAt, receipt, receives, firstReceivedAt });
        return this.#hide(message);
      }
      case "removed":
        return this.#remove(change.id);
      case "purged":
        for (const collection of [this.#messages, this.#groups, this.#hidden]) collection.clear();
        return;
      case "seen":
        this.#remember(change.seen);
    }
  }

  /** What would bring another queue to the same state. */
  toChanges(): Change[] {
    const messages = [...this.#messages.values()].sort((one, other) => one.sequence - other.sequence);
    // What deduplication goes by comes by itself, oldest first, whether its message is there or gone.
    return [
      ...messages.map(({ deduplicationKey: _, ...message }): Change => ({ type: "sent", message })),
      ...[...this.#seen.values()].map((seen): Change => ({ type: "seen", seen })),
    ];
  }

  /** Which messages a receiver gets now. Nothing changes before they are hidden or removed. */
  take(now: number, limits: Limits): Taken {
    this.#release(now);
    const taken: Taken = { messages: [], dead: [], expired: [] };
    let { count, bytes } = limits;
    const served: [string, Group][] = [];
    for (const [key, group] of this.#groups) {
      if (count <= 0) break;
      if (this.isFifo && group.inFlight > 0) continue;
      const before = taken.messages.length;
      for (const message of group.messages) {
        if (count <= 0) break;
        if (message.sentAt < limits.sentAfter) taken.expired.push(message);
        else if (message.visibleAt > now) {
          if (this.isFifo) break;
        } else if (message.receives >= limits.maxReceives) taken.dead.push(message);
        else if (taken.messages.length > 0 && (bytes -= Buffer.byteLength(message.body)) < 0) count = 0;
        else {
          taken.messages.push(message);
          count--;
        }
      }
      if (taken.messages.length > before) served.push([key, group]);
    }
    for (const [key, group] of served) {
      this.#groups.delete(key);
      this.#groups.set(key, group);
    }
    return taken;
  }

  find(id: string): Message | undefined {
    return this.#messages.get(id);
  }

  isInFlight(message: Message, now: number): boolean {
    return message.receipt !== undefined && message.visibleAt > now;
  }

  inFlight(now: number): Message[] {
    return [...this.#hidden].filter((message) => this.isInFlight(message, now));
  }

  /** The message that a new one under this key would repeat. */
  tryFindSeen(key: string, now: number): Seen | undefined {
    for (const [oldest, { at }] of this.#seen) {
      if (at > now - DEDUPLICATION_MS) break;
      this.#seen.delete(oldest);
    }
    return this.#seen.get(key);
  }

  /** When the next hidden message shows itself; never, if none is hidden. */
  get nextVisibleAt(): number {
    let next = Infinity;
    for (const { visibleAt } of this.#hidden) next = Math.min(next, visibleAt);
    return next;
  }

  count(now: number): { visible: number; inFlight: number; delayed: number; oldestSentAt: number | undefined } {
    this.#release(now);
    let [inFlight, oldest] = [0, Infinity];
    for (const { inFlight: ofGroup, messages } of this.#groups.values()) {
      inFlight += ofGroup;
      oldest = Math.min(oldest, messages[0]?.sentAt ?? Infinity);
    }
    const { size: all } = this.#messages;
    const { size: hidden } = this.#hidden;
    return {
      visible: all - hidden,
      inFlight,
      delayed: hidden - inFlight,
      oldestSentAt: oldest === Infinity ? undefined : oldest,
    };
  }

  visible(now: number): Message[] {
    this.#release(now);
    return [...this.#messages.values()].filter((message) => !this.#hidden.has(message));
  }

  #add(message: Message): void {
    this.#messages.set(message.id, message);
    this.#groupOf(message).messages.push(message);
    if (message.deduplicationKey !== undefined) {
      const { deduplicationKey: key, id, sequence, sentAt: at } = message;
      this.#remember({ key, id, sequence, at });
    }
    this.#hide(message);
  }

  #remember(seen: Seen): void {
    this.#seen.delete(seen.key);
    this.#seen.set(seen.key, seen);
  }

  #remove(id: string): void {
    const message = this.#messages.get(id);
    if (!message) return;
    this.#show(message);
    this.#messages.delete(id);
    const key = message.group ?? "";
    const { messages } = this.#groupOf(message);
    messages.splice(messages.indexOf(message), 1);
    if (messages.length === 0) this.#groups.delete(key);
  }

  /** Until its time: `#release` shows it again. */
  #hide(message: Message): void {
    if (message.visibleAt === 0) return;
    this.#hidden.add(message);
    if (message.receipt !== undefined) this.#groupOf(message).inFlight++;
  }

  #show(message: Message): void {
    if (!this.#hidden.delete(message)) return;
    if (message.receipt !== undefined) this.#groupOf(message).inFlight--;
  }

  #release(now: number): void {
    for (const message of this.#hidden) if (message.visibleAt <= now) this.#show(message);
  }

  #groupOf({ group = "" }: Message): Group {
    let found = this.#groups.get(group);
    if (!found) this.#groups.set(group, (found = { messages: [], inFlight: 0 }));
    return found;
  }
}
