/** The front door: one preview, update, refresh or destroy of one stack. */
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import {
  ProgramFailed,
  type Operation,
  type OperationResult,
  type PropertyMap,
  type Snapshot,
  type Urn,
} from "../contracts/contracts.ts";
import { Deployment } from "./deployment.ts";
import { performDeletions } from "./execute/deletions.ts";
import { Executor } from "./execute/executor.ts";
import { DeploymentMonitor } from "./monitor.ts";
import { Plan } from "./plan/plan.ts";
import { refreshBase, refreshRest } from "./execute/refresh.ts";
import { Registrar } from "./registrar.ts";
import { Told } from "./reporter.ts";
import { outputsOf } from "../values/state.ts";
import type { Targets } from "../values/targets.ts";
import { ROOT_STACK_TYPE } from "../values/urn.ts";

/**
 * Runs the operation to its end and says what happened through `onEvent`. What fails on the way is reported there
 * and makes the result `failed`; only a store that cannot be read makes it throw.
 */
export async function runOperation(operation: Operation): Promise<OperationResult> {
  const before = await operation.store.load();
  const deployment = new Deployment(operation, before);
  const { reporter, journal } = deployment;
  const cancel = (): void => deployment.stop();
  operation.signal.addEventListener("abort", cancel, { once: true });
  if (operation.signal.aborted) cancel();
  reporter.prelude(operation.config, operation.secretKeys);
  try {
    await execute(deployment, before);
  } finally {
    operation.signal.removeEventListener("abort", cancel);
    await finish(deployment, async () => await operation.source?.close?.());
    await finish(deployment, () => journal.close());
  }
  if (deployment.failed && !deployment.abandoned) tell(deployment, "failed");
  else if (operation.signal.aborted) tell(deployment, "canceled");
  const succeeded = !deployment.failed && !operation.signal.aborted;
  reporter.summary(succeeded ? "succeeded" : "failed");
  const changed = Object.entries(reporter.changes).some(([op, count]) => op !== "same" && count > 0);
  return {
    result: succeeded && !(operation.expectNoChanges && changed) ? "succeeded" : "failed",
    changes: reporter.changes,
    outputs: stackOutputs(deployment),
    snapshot: deployment.dryRun ? before : journal.snapshot(),
  };
}

async function execute(deployment: Deployment, before: Snapshot): Promise<void> {
  const { operation, kind, dryRun, reporter, journal, replaceTargets } = deployment;
  try {
    if (!dryRun) journal.touch();
    if (kind !== "update") checkTargetsExist(deployment);
    checkDeleteHooks(deployment);
    const refreshes = kind === "refresh" ? !operation.source : operation.refresh;
    if (before.pendingOperations.length > 0 && !dryRun && !refreshes) reporter.warning(pendingMessage(before));
    if (refreshes && before.resources.length > 0) {
      if (refuseMissing(deployment, deployment.targets) || refuseMissing(deployment, deployment.excludes)) return;
      if (!(await refreshBase(deployment))) return;
    }
    if (deployment.stopped.aborted || (kind === "refresh" && !operation.source)) return;
    if (refuseMissing(deployment, replaceTargets)) return;
    await runProgramAndDelete(deployment);
  } catch (error) {
    if (!(error instanceof Told)) reporter.error(messageOf(error));
    deployment.abandon();
  }
}

async function runProgramAndDelete(deployment: Deployment): Promise<void> {
  const { operation, kind, reporter, stopped } = deployment;
  const plan = new Plan(deployment);
  const executor = new Executor(deployment, { keepGoing: false });
  const monitor = new DeploymentMonitor(deployment, new Registrar(deployment, plan, executor), executor);
  if (operation.source) await runProgram(deployment, monitor);
  // A failure stops the operation; with --continue-on-error it goes on, and deletes what nothing that failed needs.
  if (!stopped.aborted) {
    try {
      if (kind === "refresh") await refreshRest(deployment, plan, executor);
      else await performDeletions(deployment, plan, executor);
      refuseMissing(deployment, deployment.targets, plan.urns);
    } catch (error) {
      reporter.error(messageOf(error));
      deployment.abandon();
    }
  }
  await executor.idle();
  await setStackOutputs(deployment, monitor, executor);
}

async function runProgram(deployment: Deployment, monitor: DeploymentMonitor): Promise<void> {
  const { operation, dryRun, reporter, stopped } = deployment;
  const { parallel } = operation;
  try {
    const program = operation.source?.run(monitor, { dryRun, parallel, signal: stopped });
    // Whatever a program does after that has no meaning any more; closing its source ends it.
    program?.catch(() => undefined);
    await Promise.race([program, deployment.whenStopped]);
  } catch (error) {
    // A program that lost its monitor has nothing to say: what stopped the operation was reported.
    if (!stopped.aborted && !(error instanceof ProgramFailed)) reporter.error(messageOf(error));
    if (operation.signal.aborted) deployment.stop();
    else deployment.abandon();
  }
}

/** After a failure, an output that is missing may just not have been reached: the former ones stay. */
async function setStackOutputs(deployment: Deployment, monitor: DeploymentMonitor, executor: Executor): Promise<void> {
  if (!monitor.stackOutputs) return;
  const { urn, outputs } = monitor.stackOutputs;
  const former: PropertyMap = deployment.failed ? outputsOf(deployment.old(urn)) : {};
  await executor.registerOutputs(urn, { ...former, ...outputs });
}

function stackOutputs(deployment: Deployment): PropertyMap {
  const held = [...deployment.news.values(), ...deployment.olds.values()].find(
    ({ state }) => state.type === ROOT_STACK_TYPE && !deployment.deletes.has(state.urn),
  );
  return outputsOf(held?.state);
}

function tell({ reporter, dryRun }: Deployment, how: "failed" | "canceled"): void {
  reporter.error(`${dryRun ? "preview" : "update"} ${how}`);
}

/** Ends something; a failure to end it is one of the operation. */
async function finish(deployment: Deployment, end: () => Promise<void>): Promise<void> {
  try {
    await end();
  } catch (error) {
    // A program that failed has said why.
    if (!(error instanceof ProgramFailed)) deployment.reporter.error(messageOf(error));
    deployment.failed = true;
  }
}

function checkTargetsExist(deployment: Deployment): void {
  const named = [...deployment.targets.literals, ...deployment.excludes.literals];
  const missing = named.find((urn) => !deployment.allOlds.has(urn));
  if (missing !== undefined) throw new Error(`no resource named '${missing}' found`);
}

/** Whether some of what was named is neither in the state nor, if that was asked, in the program. */
function refuseMissing(deployment: Deployment, { literals }: Targets, registered?: ReadonlySet<Urn>): boolean {
  const missing = [...literals].filter((urn) => !deployment.allOlds.has(urn) && !registered?.has(urn));
  for (const urn of missing) {
    const hint = urn.includes("$") ? "" : " Did you forget to escape $ in your shell?";
    deployment.reporter.error(`Target '${urn}' could not be found in the stack.${hint}`);
  }
  if (missing.length > 0) deployment.abandon();
  return missing.length > 0;
}

/** Hooks are functions of the program; without it they cannot run. */
function checkDeleteHooks({ kind, operation, base, reporter }: Deployment): void {
  if (kind !== "destroy" || operation.source) return;
  const hooked = base.flatMap(({ state: { urn, resourceHooks = {} } }) => {
    const names = [...(resourceHooks["BeforeDelete"] ?? []), ...(resourceHooks["AfterDelete"] ?? [])];
    return names.length > 0 ? [{ urn, names: names.join(", ") }] : [];
  });
  for (const { urn, names } of hooked)
    reporter.error(`Resource has delete hooks registered, but the program is not running. Hooks: ${names}`, urn);
  if (hooked.length > 0)
    throw new Error("You must run with the `--run-program` flag to use delete hooks during destroy.");
}

function pendingMessage({ pendingOperations }: Snapshot): string {
  const list = pendingOperations
    .map(({ type, resource }) => `  * ${resource.urn}, interrupted while ${type}\n`)
    .join("");
  return (
    `Attempting to deploy or update resources with ${pendingOperations.length} pending operations from previous deployment.\n${list}` +
    "Nobody knows what became of them: the engine was interrupted before it had an answer. Look at the provider's " +
    "own console whether each of them happened.\n\n" +
    "`pulumi refresh` reads what exists, and clears the operations that it can; an interrupted creation has to be " +
    "cleared by hand: `pulumi stack export`, take it out of `pending_operations`, `pulumi stack import`."
  );
}
