/** Reads what there really is, and makes it the deployment that the operation starts from. */
import type { Deployment } from "../deployment.ts";
import { Executor } from "./executor.ts";
import type { Plan } from "../plan/plan.ts";
import { withoutDangling } from "../../values/references.ts";
import type { Held } from "../resource-state.ts";
import { makeStep, type Step } from "../steps.ts";
import type { Targets } from "../../values/targets.ts";
import { dependenciesOf } from "../../values/urn.ts";

/** @returns whether every read went well */
export async function refreshBase(deployment: Deployment): Promise<boolean> {
  const { operation } = deployment;
  const targets = deployment.targets.copy();
  const excludes = deployment.excludes.copy();
  const steps = new Map<Held, Step>();
  for (const held of deployment.base) {
    const { urn } = held.state;
    const needs = (named: Targets) => dependenciesOf(held.state).some((dependency) => named.names(dependency.urn));
    if (excludes.names(urn) || (operation.excludeDependents && needs(excludes))) {
      excludes.add(urn);
      continue;
    }
    if (!targets.allows(urn) && !(operation.targetDependents && needs(targets))) continue;
    if (targets.constrained) targets.add(urn);
    await deployment.providers.ensure(held.state.provider);
    steps.set(held, makeStep("refresh", { old: held, new: held }));
  }
  await new Executor(deployment, { keepGoing: true }).runAll([...steps.values()]);
  await rebuildBase(deployment, steps);
  return !deployment.failed;
}

/** In a refresh that ran the program: what the program did not register. */
export async function refreshRest(deployment: Deployment, plan: Plan, executor: Executor): Promise<void> {
  const steps: Step[] = [];
  for (const held of deployment.base) {
    const { urn } = held.state;
    if (plan.livesOn(urn) || !deployment.targets.allows(urn) || deployment.excludes.names(urn)) continue;
    plan.refreshes.add(urn);
    await deployment.providers.ensure(held.state.provider);
    steps.push(makeStep("refresh", { old: held, new: held, persisted: true }));
  }
  await executor.runAll(steps);
}

async function rebuildBase(deployment: Deployment, steps: ReadonlyMap<Held, Step>): Promise<void> {
  const former = deployment.base;
  const present = former.flatMap((held) => {
    const step = steps.get(held);
    return step ? (step.new ?? []) : held;
  });
  const states = withoutDangling(
    present.map((held) => held.state),
    former.map((held) => held.state),
  );
  present.forEach((held, i) => (held.state = states[i] ?? held.state));
  deployment.rebase(present);
  await deployment.journal.rebase(present);
}
