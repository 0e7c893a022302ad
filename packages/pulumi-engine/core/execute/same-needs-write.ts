/** Whether a resource that did not change still has something new to write down. */
import type { ResourceState } from "../../contracts/contracts.ts";
import { equal } from "../../values/properties.ts";

/** Notes on where a resource comes from, and what the diff looked at, can wait for the next write. */
const SIMPLE = ["urn", "type", "custom", "retainOnDelete", "provider", "parent", "deletedWith", "protect"] as const;
const DEEP = ["customTimeouts", "replaceWith", "resourceHooks", "replacementTrigger", "inputs", "outputs"] as const;

export function sameNeedsWrite(old: ResourceState, fresh: ResourceState): boolean {
  return (
    SIMPLE.some((key) => (old[key] ?? false) !== (fresh[key] ?? false)) ||
    DEEP.some((key) => !equal(old[key], fresh[key])) ||
    !equal((old.dependencies ?? []).toSorted(), (fresh.dependencies ?? []).toSorted())
  );
}
