import type { HasFunctions, InvocationResult } from "../functions.ts";
import type { HasQueues } from "../../sqs/queues.ts";
import type { HasTrace } from "../../trace.ts";
import type { HasStore } from "../../store/store.ts";
import { ServiceError } from "../../errors.ts";
import { isAllowed } from "../../iam/access.ts";
import type { Message } from "../../sqs/message.ts";
import { arnToQueueUrl, tryFindQueue, type Queue } from "../../sqs/model.ts";
import { resolveFunction } from "../model.ts";
import { toFailures } from "./failures.ts";
import { mappingsOf, toMapping, type Mapping } from "./mapping.ts";
import { toSqsEvent } from "./sqs-event.ts";

export type PolledCloud = HasStore & HasTrace & HasQueues & HasFunctions;

/** What a function's role needs on the queue. */
export const QUEUE_ACTIONS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
/** One wait for messages; it ends with the first one. */
const WAIT_MS = 20_000;
/** An event is at most 6 MB; a body in it may be twice as long, for its quotes. */
const BATCH_BYTES = 2 * 1024 * 1024;
/** Between two looks at a queue that cannot be polled now. */
const PAUSE_MS = 1000;
const BACKOFF_MS = { first: 100, longest: 5000 };

/**
 * Carries a queue's messages to a function, one batch after the other and some at the same time. It goes by the
 * mapping's record, as it is at each turn, and ends when that is disabled or gone.
 */
export class Poller {
  readonly #uuid: string;
  readonly #cloud: PolledCloud;
  readonly #inWork = new Set<Promise<void>>();
  #turn = new AbortController();
  #isRunning = false;
  #lastRun: Promise<void> | undefined;
  #closed = false;

  constructor(uuid: string, cloud: PolledCloud) {
    this.#uuid = uuid;
    this.#cloud = cloud;
  }

  /** Looks at the mapping again: begins, goes on by its new settings, or ends. */
  follow(): void {
    this.#turn.abort();
    this.#turn = new AbortController();
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#lastRun = this.#run();
  }

  /** No more batches; those in work end by themselves. */
  stop(): void {
    this.#closed = true;
    this.#turn.abort();
  }

  /**
   * Resolves when nothing is in work any more. What was cut off, or failed and waits for its time, is there again at
   * once for the next process: anyone who starts again has fixed something.
   */
  async ended(): Promise<void> {
    await this.#lastRun;
    await Promise.all(this.#inWork);
    const mapping = mappingsOf(this.#cloud).get(this.#uuid);
    const queue = mapping && tryFindQueue(this.#cloud, arnToQueueUrl(toMapping(mapping).queueArn));
    if (queue) this.#cloud.queues.release(queue);
  }

  async #run(): Promise<void> {
    for (;;) {
      const { signal } = this.#turn;
      const mapping = this.#mapping();
      if (!mapping?.enabled) {
        this.#isRunning = false;
        return;
      }
      const queue = this.#tryFindQueue(mapping);
      if (!queue) await wait(PAUSE_MS, signal);
      else if (this.#inWork.size >= mapping.concurrency) await Promise.race(this.#inWork);
      else await this.#poll(mapping, queue, signal);
    }
  }

  #mapping(): Mapping | undefined {
    const stored = this.#closed ? undefined : mappingsOf(this.#cloud).get(this.#uuid);
    return stored && toMapping(stored);
  }

  /** Undefined as long as the queue is not there, or the role may not read it. */
  #tryFindQueue({ queueArn, functionArn }: Mapping): Queue | undefined {
    const queue = tryFindQueue(this.#cloud, arnToQueueUrl(queueArn));
    try {
      const { role } = resolveFunction(this.#cloud, functionArn).version;
      return QUEUE_ACTIONS.every((action) => isAllowed(this.#cloud, role, action, queueArn)) ? queue : undefined;
    } catch (error) {
      if (error instanceof ServiceError) return undefined; // The function, or what its alias stands for, is gone.
      throw error;
    }
  }

  async #poll(mapping: Mapping, queue: Queue, signal: AbortSignal): Promise<void> {
    const options = { count: mapping.batchSize, bytes: BATCH_BYTES, waitMs: WAIT_MS, signal };
    const messages = await this.#cloud.queues.receive(queue, options);
    if (messages.length === 0) return;
    const work = this.#work(mapping, queue, messages).finally(() => this.#inWork.delete(work));
    this.#inWork.add(work);
  }

  async #work(mapping: Mapping, queue: Queue, messages: Message[]): Promise<void> {
    const startedAt = performance.now();
    const ids = messages.map(({ id }) => id);
    const result = await this.#invoke(mapping, queue, messages);
    const failed = result ? toFailures(result, ids, mapping.reportsFailures) : new Set(ids);
    for (const message of messages)
      if (!failed.has(message.id)) settle(() => this.#cloud.queues.delete(queue, message.receipt ?? ""));
    this.#cloud.trace({
      kind: "batch",
      queue: queue.name,
      functionArn: mapping.functionArn,
      messages: messages.length,
      failed: failed.size,
      ms: performance.now() - startedAt,
    });
  }

  /** `undefined` if the function could not be called. A throttled call is repeated for as long as the messages are hidden. */
  async #invoke(mapping: Mapping, queue: Queue, messages: Message[]): Promise<InvocationResult | undefined> {
    const event = JSON.stringify(toSqsEvent(messages, queue.arn));
    const until = Math.min(...messages.map(({ visibleAt }) => visibleAt));
    for (let backoffMs = BACKOFF_MS.first; ; backoffMs = Math.min(backoffMs * 2, BACKOFF_MS.longest)) {
      try {
        return await this.#cloud.functions.invoke(mapping.functionArn, undefined, event);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const isThrottled = error.code === "TooManyRequestsException" && Date.now() + backoffMs < until;
        if (!isThrottled || this.#closed) return undefined;
        this.#cloud.trace({ kind: "throttle", queue: queue.name, functionArn: mapping.functionArn });
        await wait(backoffMs, this.#turn.signal);
      }
    }
  }
}

/** What has become visible again meanwhile, or is gone with its queue, is no longer this batch's. */
function settle(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
