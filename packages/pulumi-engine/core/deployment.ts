/** What all parts of one operation share. */
import type { Operation, ResourceState, Snapshot, Urn } from "../contracts/contracts.ts";
import { DependencyGraph } from "./graph.ts";
import { Hooks } from "./execute/hooks.ts";
import { Journal } from "./execute/journal.ts";
import { Providers } from "./execute/providers.ts";
import { Reporter } from "./reporter.ts";
import type { Held } from "./resource-state.ts";
import { Targets } from "../values/targets.ts";

export class Deployment {
  readonly operation: Operation;
  /** What is done, or in a preview would be done. */
  readonly kind: "update" | "refresh" | "destroy";
  readonly dryRun: boolean;
  readonly reporter: Reporter;
  readonly journal: Journal;
  readonly hooks = new Hooks();
  readonly providers: Providers;
  readonly targets: Targets;
  readonly excludes: Targets;
  readonly replaceTargets: Targets;

  /** The former deployment, as far as a refresh has not changed it. */
  base: Held[] = [];
  /** Resources of the former deployment that were not condemned, by URN. */
  olds = new Map<Urn, Held>();
  allOlds = new Set<Urn>();
  graph = new DependencyGraph([]);

  /** What this operation has brought about so far. */
  readonly news = new Map<Urn, Held>();
  readonly reads = new Map<Urn, Held>();
  /** URNs that this operation deletes, or has deleted. */
  readonly deletes = new Set<Urn>();

  /** Something failed, so that the operation fails. */
  failed = false;
  /** What went wrong makes all that would follow worthless; it was told, and nothing more needs to be said. */
  abandoned = false;
  readonly whenStopped: Promise<void>;
  readonly #stop = new AbortController();

  constructor(operation: Operation, before: Snapshot) {
    this.operation = operation;
    this.whenStopped = new Promise((resolve) => this.stopped.addEventListener("abort", () => resolve()));
    this.kind = operation.kind === "preview" ? (operation.previewOf ?? "update") : operation.kind;
    this.dryRun = operation.kind === "preview";
    this.reporter = new Reporter(operation, this.dryRun);
    this.targets = new Targets(operation.targets);
    this.excludes = new Targets(operation.excludes ?? []);
    this.replaceTargets = new Targets(operation.replace);
    this.rebase(before.resources.map((state) => ({ state })));
    this.journal = new Journal(this.dryRun ? undefined : operation.store, this.base, before, {
      sorts: this.limited,
    });
    this.providers = new Providers(this);
  }

  rebase(base: Held[]): void {
    this.base = base;
    this.allOlds = new Set(base.map((held) => held.state.urn));
    const live = base.filter((held) => !held.state.delete);
    this.olds = new Map(live.map((held) => [held.state.urn, held]));
    this.graph = new DependencyGraph(base);
  }

  /** Some resources are left alone. */
  get limited(): boolean {
    return this.targets.constrained || this.excludes.constrained;
  }

  old(urn: Urn): ResourceState | undefined {
    return this.olds.get(urn)?.state;
  }

  abandon(): void {
    if (!this.stopped.aborted) this.abandoned = true;
    this.failed = true;
    this.stop();
  }

  /** Nothing new begins; what is under way ends. */
  stop(): void {
    this.#stop.abort();
  }

  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  hookFailed(): void {
    this.failed = true;
    if (!this.operation.continueOnError) this.stop();
  }

  reportInvalidPaths(urn: Urn, paths: string[]): void {
    if (paths.length === 0) return;
    const list = JSON.stringify(paths.join(", "));
    const message = `cannot ignore changes in added or removed elements of the path: ${list}`;
    this.reporter.diagnostic({ severity: "info", urn, message });
  }
}
