/** Keeps resources as they were, where an operation is limited to others. */
import type { Urn } from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import type { Plan } from "./plan.ts";
import type { Held } from "../resource-state.ts";
import { makeStep, type Step } from "../steps.ts";
import { requirementsOf } from "../../values/urn.ts";

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

/** @throws if what a target needs now is left alone, and as it is needs the target itself: neither could come first */
export function refuseCycle(deployment: Deployment, plan: Plan, target: Urn, needs: Urn[]): void {
  const seen = new Set<Urn>();
  const queue = [...needs];
  for (let urn = queue.pop(); urn !== undefined; urn = queue.pop()) {
    const state = deployment.old(urn);
    if (!state || seen.has(urn) || plan.isTarget(state)) continue;
    seen.add(urn);
    const next = requirementsOf(state);
    if (next.some((needed) => (plan.aliased.get(needed) ?? needed) === target))
      throw new Error(
        `'${target}' now depends on '${urn}', which depends on it as long as it is no target; add it to the --target list`,
      );
    queue.push(...next);
  }
}
