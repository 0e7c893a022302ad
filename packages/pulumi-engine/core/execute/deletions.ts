/** What has to go once the program is through. */
import type { Urn } from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import type { Executor } from "./executor.ts";
import { DependencyGraph } from "../graph.ts";
import type { Plan } from "../plan/plan.ts";
import { boundTo, dependentReplacements } from "../plan/replacements.ts";
import type { Held } from "../resource-state.ts";
import { makeDelete, makeStep, type Step } from "../steps.ts";
import { untouched } from "../plan/untargeted.ts";

export async function performDeletions(deployment: Deployment, plan: Plan, executor: Executor): Promise<void> {
  const { targets, operation, deletes, providers, reporter, dryRun } = deployment;
  const allowed = targets.constrained ? await allowedByTargets(deployment, plan) : undefined;
  const kept = keptByExcludes(deployment, plan);
  const isAllowed = (urn: Urn): boolean => allowed?.has(urn) ?? !kept.has(urn);
  const sames: Step[] = [];
  const steps: Step[] = [];
  for (const former of deployment.base) {
    const held = plan.refreshed.get(former) ?? former;
    const { urn } = held.state;
    if (!isAllowed(urn)) {
      if (!plan.livesOn(urn) && !held.state.delete) sames.push(untouched(held));
      continue;
    }
    const step = deletionOf(plan, held);
    if (!step) continue;
    deletes.add(urn);
    await providers.ensure(held.state.provider);
    steps.push(step);
  }
  for (const held of plan.toDelete.filter(({ state }) => isAllowed(state.urn))) {
    deletes.add(held.state.urn);
    steps.push(makeDelete(held, false));
  }
  const unasked =
    targets.constrained && !operation.targetDependents ? steps.filter((step) => !targets.names(step.urn)) : [];
  for (const { urn } of unasked) {
    reporter.error(
      `Resource '${urn}' will be destroyed but was not specified in --target list.\n` +
        "Either include resource in --target list or pass --target-dependents to proceed.",
      urn,
    );
    deployment.failed = true;
  }
  if (unasked.length > 0 && !dryRun) return;
  const guarded = operation.protectedStopsDeletions === true && !dryRun ? steps.filter(isGuarded) : [];
  // They say themselves that they are refused.
  if (guarded.length > 0) return executor.runAll(guarded);
  await executor.run(sames);
  await deleteInOrder(deployment, plan, executor, steps);
}

const isGuarded = ({ logical, old }: Step): boolean => logical && old?.state.protect === true;

/** `undefined` if it stays. */
function deletionOf(plan: Plan, held: Held): Step | undefined {
  const { state } = held;
  if (state.delete) return plan.pendingDeletes.has(held) ? undefined : makeDelete(held, true);
  if (plan.livesOn(state.urn)) return undefined;
  return state.pendingReplacement ? makeStep("remove-pending-replace", { old: held }) : makeDelete(held, false);
}

/** Dependents first. What something that failed, or was left out for that, still needs stays. */
async function deleteInOrder(deployment: Deployment, plan: Plan, executor: Executor, steps: Step[]): Promise<void> {
  const graph = graphOf(deployment, plan);
  const stepOf = new Map(steps.flatMap((step) => (step.old ? [[step.old, step] as const] : [])));
  const needed = new Set<Held>();
  const seen = new Set<Step>();
  for (const list of graph.deletionOrder(new Set(stepOf.keys()))) {
    for (const step of [...executor.errored, ...executor.skipped]) {
      if (seen.has(step)) continue;
      seen.add(step);
      for (const held of [step.new, step.old])
        if (held && graph.has(held))
          for (const dependency of graph.transitiveDependenciesOf(held)) needed.add(dependency);
    }
    await executor.runAll(list.flatMap((held) => (needed.has(held) ? [] : (stepOf.get(held) ?? []))));
  }
}

function graphOf(deployment: Deployment, plan: Plan): DependencyGraph {
  const gone = new Set(plan.formerSelves.values());
  const formerUrns = new Map([...plan.formerSelves].map(([held, former]) => [held, former.state.urn]));
  const rest = deployment.base.filter((held) => !gone.has(held));
  const graph = new DependencyGraph([...plan.toDelete, ...rest], formerUrns);
  for (const [former, held] of plan.refreshed) graph.alias(held, former);
  return graph;
}

/** The targets with all that depends on them, or is bound to them: none of it can outlive them. */
async function allowedByTargets(deployment: Deployment, plan: Plan): Promise<Set<Urn>> {
  const graph = graphOf(deployment, plan);
  const byUrn = Map.groupBy([...plan.toDelete, ...deployment.base], ({ state }) => state.urn);
  const allowed = new Set<Urn>();
  const queue = [...byUrn.keys()].filter((urn) => deployment.targets.names(urn));
  for (let urn = queue.pop(); urn !== undefined; urn = queue.pop()) {
    if (allowed.has(urn)) continue;
    allowed.add(urn);
    queue.push(...boundTo(deployment, urn).map(({ held }) => held.state.urn));
    for (const held of byUrn.get(urn) ?? []) {
      if (!graph.has(held)) continue;
      queue.push(...graph.dependingOn(held, new Set(), true).map(({ state }) => state.urn));
    }
    // What would have to be replaced with it depends on it too; Pulumi asks the providers all the same.
    const former = deployment.olds.get(urn);
    if (former) await dependentReplacements(deployment, plan, former);
  }
  return allowed;
}

/**
 * What is excluded with all that it needs. Where dependents were asked for, with theirs, too: as Pulumi has it, also
 * those of what is needed, which are all that the stack or a provider has.
 */
function keptByExcludes(deployment: Deployment, plan: Plan): Set<Urn> {
  const { base, excludes, operation } = deployment;
  const kept = new Set<Urn>();
  const queue = base.filter(({ state }) => excludes.names(state.urn));
  if (queue.length === 0) return kept;
  const graph = graphOf(deployment, plan);
  for (let held = queue.pop(); held; held = queue.pop()) {
    if (kept.has(held.state.urn)) continue;
    kept.add(held.state.urn);
    queue.push(...graph.dependenciesOf(held));
    if (operation.excludeDependents) queue.push(...graph.dependingOn(held, kept, true));
  }
  return kept;
}
