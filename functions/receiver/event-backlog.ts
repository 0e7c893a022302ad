/** An entry of a call of SendMessageBatch. */
export interface Entry {
  Id: string;
  MessageBody: string;
  MessageGroupId: string;
  MessageDeduplicationId: string;
}

/** What SQS says of an entry: it is in the queue; it may be tried again; it would be refused each time. */
export type Fate = "safe" | "again" | "hopeless";

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const mostEntries = 10;
/** The limit of one message, and of all messages of a call together. */
export const mostBytes = 1024 * 1024;
const mostTries = 3;

interface Conversation {
  /** In their order. */
  waiting: Entry[];
  /** How many of the first ones SQS has refused: each of them goes in a call without others of the conversation. */
  refused: number;
  /** Calls in a row that SQS has refused something of. */
  tries: number;
}

/**
 * What is still to be sent, and in which calls. The order of a conversation is kept: while a call with events of it is
 * under way, or events of it are refused, no later ones are sent.
 */
export class Backlog {
  readonly #conversations: Map<string, Conversation>;
  /** The longest comes first: it needs the most calls, one after the other. */
  readonly #ready: Conversation[];
  /** Entries that are in the queue. */
  readonly safe: Entry[] = [];
  /** Events that SQS took although it refused one before them, in the same call. Nothing brings them behind it again. */
  overtaken = 0;

  constructor(entries: readonly Entry[]) {
    const groups = Map.groupBy(entries, ({ MessageGroupId }) => MessageGroupId);
    this.#conversations = new Map(
      [...groups].map(([group, waiting]) => [group, { waiting: [...waiting], refused: 0, tries: 0 }]),
    );
    this.#ready = [...this.#conversations.values()].toSorted((one, other) => other.waiting.length - one.waiting.length);
  }

  /** Conversations of which something is not in the queue. */
  get left(): number {
    return [...this.#conversations.values()].filter(({ waiting }) => waiting.length > 0).length;
  }

  /** The entries of the next call; none while there is nothing that may be sent. */
  take(): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    for (let next = this.#ready[0]; next !== undefined && batch.length < mostEntries; next = this.#ready[0]) {
      const most = next.refused > 0 ? 1 : mostEntries - batch.length;
      const run = next.waiting.slice(0, most);
      const tooMuch = run.findIndex(({ MessageBody }) => (bytes += Buffer.byteLength(MessageBody)) > mostBytes);
      const fitting = tooMuch === -1 ? run.length : tooMuch;
      if (fitting === 0) break;
      batch.push(...next.waiting.splice(0, fitting));
      this.#ready.shift();
      if (tooMuch !== -1) break;
    }
    return batch;
  }

  /** What came of a call. */
  settle(batch: readonly Entry[], fateOf: (entry: Entry) => Fate): void {
    for (const [group, entries] of Map.groupBy(batch, ({ MessageGroupId }) => MessageGroupId)) {
      const conversation = this.#conversations.get(group);
      if (conversation !== undefined) this.#settleOne(conversation, entries, fateOf);
    }
  }

  #settleOne(conversation: Conversation, entries: readonly Entry[], fateOf: (entry: Entry) => Fate): void {
    const fates = entries.map(fateOf);
    const refused = entries.filter((_, index) => fates[index] !== "safe");
    const firstRefused = fates.findIndex((fate) => fate !== "safe");
    this.safe.push(...entries.filter((_, index) => fates[index] === "safe"));
    this.overtaken += fates.filter(
      (fate, index) => fate === "safe" && firstRefused !== -1 && index > firstRefused,
    ).length;
    conversation.waiting.unshift(...refused);
    conversation.refused = Math.max(0, conversation.refused - entries.length) + refused.length;
    conversation.tries = refused.length > 0 ? conversation.tries + 1 : 0;
    const mayGoOn = conversation.tries < mostTries && !fates.includes("hopeless");
    if (mayGoOn && conversation.waiting.length > 0) this.#putBack(conversation);
  }

  #putBack(conversation: Conversation): void {
    const at = this.#ready.findIndex(({ waiting }) => waiting.length < conversation.waiting.length);
    this.#ready.splice(at === -1 ? this.#ready.length : at, 0, conversation);
  }
}
