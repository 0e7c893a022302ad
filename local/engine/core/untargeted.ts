/** Keeps resources as they were, where an operation is limited to others. */
import type { Urn } from "./contracts.ts";
import type { Deployment } from "./deployment.ts";
import type { Plan } from "./plan.ts";
import { tidy, type Held } from "./resource-state.ts";
import { makeStep, type Step } from "./steps.ts";
import { dependenciesOf, parseProviderRef } from "./urn.ts";

/** A step that leaves a resource as it was. */
export function untouched(old: Held): Step {
  return makeStep("same", { old, new: { state: tidy({ ...old.state, id: undefined }) }, untargeted: true });
}

/**
 * Steps that keep a resource and, before it, what it needs: what has left the program would otherwise come after it
 * in the new deployment, or not at all.
 */
export function sameAsBefore(deployment: Deployment, plan: Plan, old: Held, urn: Urn): Step[] {
  if (old.state.delete) return [];
  for (const seen of [old.state.urn, urn]) {
    plan.urns.add(seen);
    plan.sames.add(seen);
  }
  const steps: Step[] = [];
  if (old.state.provider) {
    const { urn: provider, id } = parseProviderRef(old.state.provider);
    const held = deployment.olds.get(provider);
    if (!plan.has(provider) && !plan.livesOn(provider) && held?.state.id === id)
      steps.push(...sameAsBefore(deployment, plan, held, provider));
  }
  for (const dependency of dependenciesOf(old.state)) {
    if (plan.has(dependency.urn)) continue;
    const held = deployment.olds.get(dependency.urn);
    if (!held) throw new Error(`${dependency.kind} ${dependency.urn} of untargeted resource ${urn} has no old state`);
    steps.push(...sameAsBefore(deployment, plan, held, dependency.urn));
  }
  return [...steps, untouched(old)];
}

/** The same for what a target needs and nobody registered in this operation. */
export function carryOver(deployment: Deployment, plan: Plan, urns: Urn[]): Step[] {
  if (!deployment.targets.constrained) return [];
  return urns.flatMap((urn) => {
    const old = deployment.olds.get(urn);
    return old && !plan.urns.has(urn) && !plan.has(urn) && !plan.livesOn(urn)
      ? sameAsBefore(deployment, plan, old, urn)
      : [];
  });
}
