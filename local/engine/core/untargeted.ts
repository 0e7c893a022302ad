/** Keeps resources as they were, where an operation is limited to others. */
import type { Urn } from "./contracts.ts";
import type { Deployment } from "./deployment.ts";
import type { Plan } from "./plan.ts";
import type { Held } from "./resource-state.ts";
import { makeStep, type Step } from "./steps.ts";
import { requirementsOf } from "./urn.ts";

/** A step that leaves a resource as it was. */
export function untouched(held: Held): Step {
  return makeStep("same", { old: held, new: held, untargeted: true });
}

/** Steps that keep a resource and, before it, what it needs, which may have left the program. */
export function sameAsBefore(deployment: Deployment, plan: Plan, held: Held): Step[] {
  if (held.state.delete) return [];
  plan.sames.add(held.state.urn);
  return [...carryOver(deployment, plan, requirementsOf(held.state)), untouched(held)];
}

/** The same for resources that others need, as far as this operation has not come to them otherwise. */
export function carryOver(deployment: Deployment, plan: Plan, urns: Urn[]): Step[] {
  return urns.flatMap((urn) => {
    const held = deployment.olds.get(urn);
    const now = plan.aliased.get(urn) ?? urn;
    if (!held || plan.urns.has(now) || plan.has(now)) return [];
    return sameAsBefore(deployment, plan, held);
  });
}
