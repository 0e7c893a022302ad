/** Carries out steps: some at a time, each written to the journal before and after, each reported. */
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import {
  InitializationFailed,
  StatusUnknown,
  type PendingOperationType,
  type PropertyMap,
  type ResourceState,
  type StepOp,
  type Urn,
} from "../../contracts/contracts.ts";
import { applyStep, ProtectedResource } from "./apply-step.ts";
import type { Deployment } from "../deployment.ts";
import { runHooks } from "./hooks.ts";
import { isInternal } from "../reporter.ts";
import { equal, isSecret, secret } from "../../values/properties.ts";
import { change, type Held } from "../resource-state.ts";
import { inputsOf, outputsOf } from "../../values/state.ts";
import { sameNeedsWrite } from "./same-needs-write.ts";
import { Slots } from "../../slots.ts";
import type { Step } from "../steps.ts";

const always = (): boolean => true;
/** Deleted before its replacement is made, it stays in the state until that has been made. */
const wentBefore = ({ pendingReplacement = false }: ResourceState): boolean => pendingReplacement;

interface Trace {
  /** What it is called in the state while nobody knows how it ends. */
  pending?: PendingOperationType;
  /** What becomes of the new and the old side. */
  comes?: boolean;
  goes?: (old: ResourceState) => boolean;
}
const creates: Trace = { pending: "creating", comes: true, goes: wentBefore };
const deletes: Trace = { pending: "deleting", goes: (old) => !wentBefore(old) };
const imports: Trace = { pending: "importing", comes: true };

/** What a step leaves in the state. */
const TRACES: Record<StepOp, Trace> = {
  same: { comes: true, goes: always },
  create: creates,
  "create-replacement": creates,
  update: { pending: "updating", comes: true, goes: always },
  delete: deletes,
  "delete-replaced": deletes,
  discard: deletes,
  "discard-replaced": deletes,
  replace: {},
  read: { pending: "reading", comes: true, goes: always },
  "read-replacement": { pending: "reading", comes: true },
  refresh: { comes: true, goes: always },
  "remove-pending-replace": { goes: always },
  import: imports,
  "import-replacement": imports,
};

export type ChainResult = "done" | "failed" | "stopped";

export class Executor {
  /** Failed steps that the operation went on after. */
  readonly errored: Step[] = [];
  /** Steps that were left out, because they need what failed. */
  readonly skipped: Step[] = [];
  readonly #deployment: Deployment;
  readonly #slots: Slots;
  readonly #running = new Set<Promise<ChainResult>>();
  readonly #registered = new Map<Urn, Step>();
  /** A refresh keeps reading after a failure, and reports that it failed at the end. */
  readonly #keepGoing: boolean;

  constructor(deployment: Deployment, options: { keepGoing: boolean }) {
    this.#deployment = deployment;
    this.#keepGoing = options.keepGoing;
    this.#slots = new Slots(deployment.operation.parallel);
  }

  /** Steps that have to happen one after the other. */
  run(chain: Step[]): Promise<ChainResult> {
    const running = this.#run(chain).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  async runAll(steps: Step[]): Promise<void> {
    await Promise.all(steps.map((step) => this.run([step])));
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(chain: Step[]): Promise<ChainResult> {
    const release = await this.#slots.take();
    try {
      for (const step of chain) {
        if (this.#deployment.stopped.aborted) return "stopped";
        // While the outcome of the last one is being written, another step can already be asked of its provider.
        if (!(await this.#execute(step, step === chain.at(-1) ? release : undefined))) return "failed";
      }
      return "done";
    } finally {
      release();
    }
  }

  /** Whether it went well. Whatever went wrong has been reported. */
  async #execute(step: Step, applied: (() => void) | undefined): Promise<boolean> {
    try {
      await this.#applyAndSettle(step, applied);
      return true;
    } catch (error) {
      this.#deployment.failed = true;
      if (!(error instanceof StepFailed)) this.#deployment.reporter.error(messageOf(error), step.urn);
      const goesOn =
        this.#deployment.operation.continueOnError ||
        (error instanceof StepFailed && error.cause instanceof ProtectedResource);
      if (this.#keepGoing) return false;
      if (goesOn && error instanceof StepFailed) this.errored.push(step);
      else this.#deployment.stop();
      return false;
    }
  }

  async #applyAndSettle(step: Step, applied: (() => void) | undefined): Promise<void> {
    const { journal, dryRun, reporter } = this.#deployment;
    reporter.pre(step);
    const { pending } = TRACES[step.op];
    const subject = step.new ?? step.old;
    if (pending && subject && !dryRun) await journal.begin(pending, subject);
    let failure: unknown;
    try {
      await applyStep(this.#deployment, step);
      if (step.logical && step.new) this.#registered.set(step.urn, step);
    } catch (error) {
      failure = error;
    }
    this.#remember(step);
    this.#report(step, failure);
    applied?.();
    if (!dryRun) await this.#settle(step, failure === undefined || failure instanceof InitializationFailed);
    if (failure !== undefined) throw new StepFailed(messageOf(failure), { cause: failure });
  }

  #remember(step: Step): void {
    if (!step.new || step.op === "replace") return;
    markSecretOutputs(this.#deployment, step.new);
    const map = step.op === "read" || step.op === "read-replacement" ? this.#deployment.reads : this.#deployment.news;
    map.set(step.urn, step.new);
  }

  #report(step: Step, failure: unknown): void {
    const { reporter, dryRun, kind } = this.#deployment;
    const internal = isInternal(step);
    if (failure !== undefined) {
      reporter.error(`${dryRun ? "Preview failed: " : ""}${messageOf(failure)}`, internal ? undefined : step.urn);
      if (failure instanceof StatusUnknown) reporter.maybeCorrupt = !dryRun;
      if (!dryRun)
        reporter.failed(step, failure instanceof StatusUnknown ? 2 : failure instanceof InitializationFailed ? 1 : 0);
      return;
    }
    const refreshed = kind === "refresh" && step.op === "refresh";
    const op = refreshed ? (step.outcome ?? "same") : step.op;
    if (!internal && (step.op === "read" ? readSomethingNew(step) : refreshed || step.logical)) reporter.count(op);
    const custom = (step.new ?? step.old)?.state.custom;
    // A component tells its outputs later; a refresh and a delete are through now.
    if (dryRun || custom || step.op === "refresh" || step.op === "delete") reporter.outputs(step, op);
  }

  async #settle(step: Step, happened: boolean): Promise<void> {
    const { op, old, new: came, untargeted, skippedCreate = false, persisted } = step;
    const finished = came ?? old;
    if (!finished || op === "replace" || untargeted || (op === "refresh" && !persisted)) return;
    const { comes, goes } = TRACES[op];
    const needsWrite = !skippedCreate && old && came && sameNeedsWrite(old.state, came.state);
    await this.#deployment.journal.end({
      finished,
      ...(happened && comes && !skippedCreate ? { came } : {}),
      ...(happened && old && goes?.(old.state) ? { gone: old } : {}),
      refreshed: op === "refresh",
      urgent: op !== "same" || needsWrite === true,
    });
  }

  /** @throws if the resource was not registered in this operation, or has had its outputs already */
  async registerOutputs(urn: Urn, outputs: PropertyMap): Promise<void> {
    const { dryRun, journal, reporter } = this.#deployment;
    const step = this.#registered.get(urn);
    if (!step?.new) throw new Error(`cannot complete a resource '${urn}' whose registration isn't pending`);
    this.#registered.delete(urn);
    if (step.skippedCreate) return;
    change(step.new, { outputs });
    if (!step.new.state.custom && (step.op === "create" || step.op === "update"))
      await runHooks(this.#deployment, step.op === "create" ? "AfterCreate" : "AfterUpdate", step);
    reporter.outputs(step, step.op);
    const urgent = !step.old || !equal(outputsOf(step.old.state), outputs);
    if (!dryRun) await journal.end({ urgent });
  }
}

class StepFailed extends Error {
  override readonly name = "StepFailed";
}

/** Outputs are secret where the program says so, and where the input of the same name is. */
function markSecretOutputs(deployment: Deployment, held: Held): void {
  const { state } = held;
  const outputs = { ...outputsOf(state) };
  let marked = false;
  const mark = (key: string): void => {
    const value = outputs[key];
    if (value === undefined || isSecret(value)) return;
    outputs[key] = secret(value);
    marked = true;
  };
  for (const key of state.additionalSecretOutputs ?? []) {
    if (key === "id")
      deployment.reporter.warning(
        "The 'id' property cannot be made secret. See pulumi/pulumi#2717 for more details.",
        state.urn,
      );
    else mark(key);
  }
  for (const [key, input] of Object.entries(inputsOf(state))) if (isSecret(input)) mark(key);
  if (marked) change(held, { outputs });
}

/** A read that found what was known is not a change. */
function readSomethingNew(step: Step): boolean {
  return step.old?.state.outputs !== undefined && !equal(step.old.state.outputs, outputsOf(step.new?.state));
}
