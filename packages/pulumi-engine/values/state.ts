/** A resource's state as data. */
import type { PropertyMap, ResourceState } from "../contracts/contracts.ts";

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
