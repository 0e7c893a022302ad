import { totalmem } from "node:os";
import { ServiceError } from "../errors.ts";
import type { AccessKeys } from "../sts/access-keys.ts";
import type { Version } from "./model.ts";
import { LambdaWorker } from "./worker.ts";

/** An idle worker goes after this time. */
const IDLE_MS = 5 * 60_000;
/** What a worker takes of memory at most, as far as bots go. */
const WORKER_BYTES = 128 * 1024 * 1024;
/**
 * Processes that this machine carries; a call above that waits for one to be free. Half of the memory sets the limit,
 * not the cores: a handler that waits for another service needs none.
 */
export const MAX_WORKERS = Math.min(64, Math.max(8, Math.floor(totalmem() / 2 / WORKER_BYTES)));

interface Surroundings {
  task: (version: Version) => string;
  endpointUrl: () => string;
  accessKeys: AccessKeys;
  log: (version: Version, stream: string, message: string) => void;
}

interface Slot {
  worker: LambdaWorker;
  busy: boolean;
  /** Goes as soon as it is not busy. */
  retired: boolean;
  idleTimer?: NodeJS.Timeout;
}

/** Workers by version: one invocation at a time each, more of them when calls overlap, fewer when they rest. */
export class WorkerPool {
  readonly #surroundings: Surroundings;
  readonly #slots = new Set<Slot>();
  readonly #waiting: (() => void)[] = [];
  readonly #running = new Map<string, number>();
  #closed = false;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  get workers(): LambdaWorker[] {
    return [...this.#slots].map(({ worker }) => worker);
  }

  /** Invocations of a function that are running or wait for a worker; of all functions by default. */
  countRunning(functionName?: string): number {
    if (functionName !== undefined) return this.#running.get(functionName) ?? 0;
    return [...this.#running.values()].reduce((sum, running) => sum + running, 0);
  }

  /** Reserved concurrency is a limit as well: above it Lambda throttles. */
  async withWorker<T>(
    version: Version,
    reserved: number | undefined,
    use: (worker: LambdaWorker) => Promise<T>,
  ): Promise<T> {
    const { functionName } = version;
    const running = this.#running.get(functionName) ?? 0;
    if (reserved !== undefined && running >= reserved)
      throw new ServiceError("TooManyRequestsException", "Rate Exceeded.", 429);
    this.#running.set(functionName, running + 1);
    try {
      const slot = await this.#take(version);
      try {
        return await use(slot.worker);
      } finally {
        this.#release(slot);
      }
    } finally {
      this.#running.set(functionName, (this.#running.get(functionName) ?? 1) - 1);
    }
  }

  retire(functionName: string, revision?: string): void {
    for (const slot of this.#slots) {
      const { version } = slot.worker;
      if (version.functionName !== functionName || version.revision === revision) continue;
      // Published versions stay what they are until the function itself goes.
      if (revision !== undefined && version.version !== "$LATEST") continue;
      slot.retired = true;
      if (!slot.busy) this.#stop(slot);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const gone = [...this.#slots].map((slot) => slot.worker.gone);
    for (const slot of this.#slots) this.#stop(slot);
    await Promise.all(gone);
  }

  async #take(version: Version): Promise<Slot> {
    for (;;) {
      if (this.#closed) throw new ServiceError("ServiceException", "The local AWS is closing", 500);
      const idle = [...this.#slots].find(
        (slot) => !slot.busy && !slot.retired && slot.worker.version.revision === version.revision,
      );
      const slot = idle ?? this.#start(version);
      if (slot) {
        clearTimeout(slot.idleTimer);
        slot.busy = true;
        return slot;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** `undefined` if there is no room, and nothing idle that could make room. */
  #start(version: Version): Slot | undefined {
    if (this.#slots.size >= MAX_WORKERS) {
      const idle = [...this.#slots].find((slot) => !slot.busy);
      if (!idle) return undefined;
      this.#stop(idle);
    }
    const { task, endpointUrl, accessKeys, log } = this.#surroundings;
    const accessKey = accessKeys.assume(version.role, version.functionName);
    const worker = new LambdaWorker({
      version,
      task: task(version),
      endpointUrl: endpointUrl(),
      accessKey,
      log: (stream, message) => log(version, stream, message),
      onExit: () => {
        accessKeys.revoke(accessKey);
        this.#remove(slot);
      },
    });
    const slot: Slot = { worker, busy: false, retired: false };
    this.#slots.add(slot);
    return slot;
  }

  #release(slot: Slot): void {
    slot.busy = false;
    if (slot.retired || slot.worker.hasFailed) this.#stop(slot);
    else slot.idleTimer = setTimeout(() => this.#stop(slot), IDLE_MS).unref();
    this.#waiting.shift()?.();
  }

  #stop(slot: Slot): void {
    this.#remove(slot);
    slot.worker.stop();
  }

  #remove(slot: Slot): void {
    clearTimeout(slot.idleTimer);
    if (this.#slots.delete(slot)) this.#waiting.shift()?.();
  }
}
