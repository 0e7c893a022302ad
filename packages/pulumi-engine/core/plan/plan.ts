/** What the plan knows so far: which resources were seen, and what was decided for each. */
import type { ResourceState, Urn } from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import { isProviderType, isRootStack, parseUrn, requirementsOf } from "../../values/urn.ts";
import type { Held } from "../resource-state.ts";
import type { Targets } from "../../values/targets.ts";

export class Plan {
  readonly urns = new Set<Urn>();
  readonly reads = new Set<Urn>();
  readonly creates = new Set<Urn>();
  readonly updates = new Set<Urn>();
  readonly replaces = new Set<Urn>();
  readonly sames = new Set<Urn>();
  readonly refreshes = new Set<Urn>();
  /** Not created, because they are not among the targets, or because everything is about to be destroyed. */
  readonly skippedCreates = new Set<Urn>();
  /** Resources of a destroy that ran the program: they were registered, and go now. */
  readonly toDelete: Held[] = [];
  /** What each of those was before: its former self goes with it. */
  readonly formerSelves = new Map<Held, Held>();
  /** Already deleted for the sake of another one's replacement. */
  readonly pendingDeletes = new Set<Held>();
  /** Which properties made a resource go with one that was deleted before its replacement. */
  readonly dependentReplaceKeys = new Map<Urn, string[]>();
  /** Providers of this operation, by present and former URN. */
  readonly providers = new Map<Urn, Held>();
  /** Present URNs by former ones, and the other way round. */
  readonly aliased = new Map<Urn, Urn>();
  readonly aliasOf = new Map<Urn, Urn>();
  /** Resources that go with another, and settle here whether they have gone. */
  readonly #going = new Map<Held, PromiseWithResolvers<void>>();
  /** What a refresh in the course of the plan made of a resource. */
  readonly refreshed = new Map<Held, Held>();
  /** Targets, with those that depend on them where that was asked for. */
  readonly targets: Targets;
  /** The same for what is excluded. */
  readonly excludes: Targets;
  readonly #deployment: Deployment;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.targets = deployment.targets.copy();
    this.excludes = deployment.excludes.copy();
  }

  goes(held: Held): void {
    this.#going.set(held, Promise.withResolvers());
  }

  /** Its deletion was tried. */
  went(held: Held): void {
    this.#going.get(held)?.resolve();
  }

  async whenWent(held: Held): Promise<void> {
    await this.#going.get(held)?.promise;
  }

  /** A step was made for the URN. */
  has(urn: Urn): boolean {
    const { deletes } = this.#deployment;
    return [this.creates, this.sames, this.updates, this.replaces, this.reads, deletes].some((set) => set.has(urn));
  }

  /** The former resource of that URN lives on in this operation. */
  livesOn(urn: Urn): boolean {
    const now = this.aliased.get(urn) ?? urn;
    return [this.sames, this.updates, this.replaces, this.reads, this.refreshes].some((set) => set.has(now));
  }

  /** The URN was registered, and its fate is decided. */
  hasComeTo(urn: Urn): boolean {
    return this.livesOn(urn) || this.creates.has(urn);
  }

  isTarget(state: ResourceState): boolean {
    const { targets, excludes, operation } = this.#deployment;
    const needs = (named: Targets) => requirementsOf(state).some((urn) => named.names(urn));
    if (targets.constrained) return targets.names(state.urn) || (operation.targetDependents && needs(this.targets));
    return !excludes.names(state.urn) && !(operation.excludeDependents && needs(this.excludes));
  }

  /** Providers and the stack are never left out. */
  isTargetOrImplied(state: ResourceState): boolean {
    return isProviderType(parseUrn(state.urn).type) || isRootStack(state.urn) || this.isTarget(state);
  }

  isReplaceTarget(urn: Urn, old: ResourceState | undefined): boolean {
    return this.#deployment.replaceTargets.names(urn) || old?.taint === true;
  }
}
