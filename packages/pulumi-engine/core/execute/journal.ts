/**
 * Keeps the state on its way from the former deployment to the next one, and writes it.
 *
 * One write of the whole at a time. What changes while one is under way goes into the next, so the cost of writing
 * does not grow with the number of steps; anyone who waits for a change waits for the write that holds it.
 */
import type { PendingOperationType, Snapshot, Store } from "../../contracts/contracts.ts";
import { inDependencyOrder, normalizeUrns, withoutDangling } from "../../values/references.ts";
import type { Held } from "../resource-state.ts";

export class Journal {
  readonly #store: Store | undefined;
  #base: Held[];
  readonly #sorts: boolean;
  readonly #createsBefore: Snapshot["pendingOperations"];
  readonly #added = new Set<Held>();
  readonly #done = new Set<Held>();
  readonly #pending = new Map<Held, PendingOperationType>();
  #refreshed = false;
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /**
   * Without a store (a preview) nothing is written. `sorts`: new resources may need former ones that the operation
   * leaves alone, so that their order has to be found; otherwise all that is new comes before all that was.
   */
  constructor(store: Store | undefined, base: Held[], before: Snapshot, options: { sorts: boolean }) {
    this.#sorts = options.sorts;
    this.#store = store;
    this.#base = base;
    // Only a person can tell what became of an interrupted create, so those stay; the others are read or done again.
    this.#createsBefore = before.pendingOperations.filter((operation) => operation.type === "creating");
  }

  /** A refresh has rebuilt what the operation starts from. */
  async rebase(base: Held[]): Promise<void> {
    this.#base = base;
    await this.#changed(true);
  }

  /** Durable before the provider is asked. */
  async begin(type: PendingOperationType, held: Held): Promise<void> {
    await this.#store?.prepare?.();
    this.#pending.set(held, type);
    try {
      await this.#changed(true);
    } catch (error) {
      // The provider is not asked: nothing was interrupted.
      this.#pending.delete(held);
      throw error;
    }
  }

  /** `urgent: false`: nothing that matters changed, so the next write is early enough. */
  async end(change: {
    finished?: Held;
    gone?: Held | undefined;
    came?: Held | undefined;
    refreshed?: boolean;
    urgent?: boolean;
  }): Promise<void> {
    if (change.finished) this.#pending.delete(change.finished);
    if (change.gone) this.#done.add(change.gone);
    if (change.came) this.#added.add(change.came);
    if (change.refreshed) this.#refreshed = true;
    await this.#changed(change.urgent ?? true);
  }

  snapshot(): Snapshot {
    let states = [...this.#added, ...this.#base].filter((held) => !this.#done.has(held)).map((held) => held.state);
    if (this.#sorts) states = inDependencyOrder(states);
    if (this.#refreshed)
      states = withoutDangling(
        states,
        this.#base.map((held) => held.state),
      );
    const pending = [...this.#pending].map(([held, type]) => ({ type, resource: held.state }));
    return { resources: normalizeUrns(states), pendingOperations: [...pending, ...this.#createsBefore] };
  }

  /** Writes what has not been written yet. */
  async close(): Promise<void> {
    while (this.#dirty || this.#next) await (this.#next ?? this.#write());
  }

  /** Even where nothing changed, a finished operation leaves a freshly written state. */
  touch(): void {
    this.#dirty = true;
  }

  async #changed(urgent: boolean): Promise<void> {
    this.#dirty = true;
    if (urgent) await this.#write();
  }

  #write(): Promise<void> {
    const store = this.#store;
    if (!store) {
      this.#dirty = false;
      return Promise.resolve();
    }
    this.#next ??= this.#writeNext(store);
    return this.#next;
  }

  async #writeNext(store: Store): Promise<void> {
    await this.#writing;
    this.#next = undefined;
    this.#dirty = false;
    const write = store.save(this.snapshot());
    this.#writing = write.catch(() => {
      // Anyone who waits for this write gets the error; the next one is tried all the same.
      this.#dirty = true;
    });
    await write;
  }
}
