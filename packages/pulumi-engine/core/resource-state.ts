/** One resource of the deployment, and how a registration becomes its state. */
import type { RegisterResource, ResourceState, Urn } from "../contracts/contracts.ts";
import { tidy } from "../values/state.ts";

/**
 * Holds a resource's newest state. The state itself is never changed but replaced, so that snapshots can share it;
 * the holder is the resource's identity while an operation runs (two resources may have one URN: see `delete`).
 */
export interface Held {
  state: ResourceState;
}

export function change(held: Held, changes: Partial<ResourceState>): void {
  held.state = tidy({ ...held.state, ...changes });
}

/** What a program wants of a resource: its registration with the provider found. */
export type Goal = RegisterResource;

export function stateOfGoal(
  goal: Goal,
  urn: Urn,
  old: ResourceState | undefined,
  alias: Urn | undefined,
): ResourceState {
  return tidy({
    urn,
    type: goal.type,
    custom: goal.custom,
    inputs: goal.inputs,
    parent: goal.parent,
    protect: goal.protect,
    dependencies: goal.dependencies,
    propertyDependencies: goal.propertyDependencies,
    provider: goal.provider,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    aliases: alias === undefined ? [] : [alias],
    customTimeouts: goal.customTimeouts,
    importID: goal.importId,
    retainOnDelete: goal.retainOnDelete,
    deletedWith: goal.deletedWith,
    replaceWith: goal.replaceWith,
    created: old?.created,
    modified: old?.modified,
    sourcePosition: goal.sourcePosition,
    stackTrace: goal.stackTrace,
    ignoreChanges: goal.ignoreChanges,
    hideDiff: goal.hideDiffs,
    replaceOnChanges: goal.replaceOnChanges,
    replacementTrigger: goal.replacementTrigger ?? undefined,
    refreshBeforeUpdate: old?.refreshBeforeUpdate,
    resourceHooks: goal.hooks,
  });
}
