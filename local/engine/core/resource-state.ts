/** One resource of the deployment, and how a registration becomes its state. */
import type { PropertyMap, RegisterResource, ResourceState, Urn } from "../contracts/contracts.ts";

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
    replaceOnChanges: goal.replaceOnChanges,
    replacementTrigger: goal.replacementTrigger ?? undefined,
    refreshBeforeUpdate: old?.refreshBeforeUpdate,
    resourceHooks: goal.hooks,
  });
}

type Loose<T> = { [K in keyof T]: T[K] | undefined };

/** Leaves out what a state file leaves out: whatever is absent, false or empty. */
export function tidy(state: Loose<ResourceState>): ResourceState {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(state)) {
    const empty =
      value === undefined ||
      value === false ||
      value === "" ||
      (typeof value === "object" && value !== null && Object.keys(value).length === 0 && key !== "replacementTrigger");
    if (!empty || key === "custom") result[key] = value;
  }
  return result as unknown as ResourceState;
}

export const inputsOf = (state: ResourceState | undefined): PropertyMap => state?.inputs ?? {};
export const outputsOf = (state: ResourceState | undefined): PropertyMap => state?.outputs ?? {};

export const now = (): string => new Date().toISOString();
