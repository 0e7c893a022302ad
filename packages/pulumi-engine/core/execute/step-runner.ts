/** Carries out the steps of a registration, unless they need what failed or was left out. */
import { MonitorClosed, type Urn } from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import type { Executor } from "./executor.ts";
import type { Plan } from "../plan/plan.ts";
import type { Held } from "../resource-state.ts";
import type { Step } from "../steps.ts";
import { dependenciesOf, requirementsOf } from "../../values/urn.ts";

export interface Registered {
  held: Held;
  result: "success" | "fail" | "skip";
  unknown: boolean;
}

export class StepRunner {
  readonly #deployment: Deployment;
  readonly #plan: Plan;
  readonly #executor: Executor;
  /** URNs that failed, or were left out because of such a one. */
  readonly #skipped = new Set<Urn>();

  constructor(deployment: Deployment, plan: Plan, executor: Executor) {
    this.#deployment = deployment;
    this.#plan = plan;
    this.#executor = executor;
  }

  /** What became of a registration whose steps these are. @throws MonitorClosed if there is no answer any more */
  async run(steps: Step[], held: Held): Promise<Registered> {
    if (steps.length === 0) return { held, result: "success", unknown: false };
    try {
      return await this.#run(steps, held);
    } finally {
      for (const step of steps) if (step.replacement === "new comes later" && step.old) this.#plan.went(step.old);
    }
  }

  async #run(steps: Step[], held: Held): Promise<Registered> {
    const unknown = steps.some((step) => step.skippedCreate === true);
    const hasGone = await this.#whenGone(steps);
    for (const step of this.#executor.errored) this.#skipped.add(step.urn);
    if (!hasGone || steps.some((step) => this.#needsSkipped(step))) {
      this.#skipped.add(held.state.urn);
      this.#executor.skipped.push(...steps);
      return { held, result: "skip", unknown };
    }
    const result = await this.#executor.run(steps);
    if (result === "failed" && this.#deployment.operation.continueOnError) {
      this.#skipped.add(held.state.urn);
      return { held, result: "fail", unknown };
    }
    if (result !== "done") throw new MonitorClosed();
    return { held, result: "success", unknown };
  }

  /** Steps that a decision waits for. @throws MonitorClosed if they do not happen */
  async settle(steps: Step[]): Promise<void> {
    if ((await this.#executor.run(steps)) !== "done") throw new MonitorClosed();
  }

  /** A resource that went with another comes back when it has gone; whether it may. */
  async #whenGone(steps: Step[]): Promise<boolean> {
    const old = steps.find((step) => step.awaitsDeletion)?.old;
    if (!old) return true;
    await this.#plan.whenWent(old);
    return old.state.pendingReplacement === true;
  }

  #needsSkipped(step: Step): boolean {
    const state = (step.new ?? step.old)?.state;
    if (!state || !dependenciesOf(state).some(({ urn }) => this.#skipped.has(urn))) return false;
    this.#skipped.add(state.urn);
    return true;
  }

  /** Nothing may depend on what is not created because it is no target, or excluded. */
  allows(steps: Step[]): boolean {
    const { limited, replaceTargets, reporter } = this.#deployment;
    if (!limited && !replaceTargets.constrained) return true;
    let allowed = true;
    for (const { new: fresh, skippedCreate, urn } of steps) {
      if (!fresh || skippedCreate) continue;
      for (const missing of requirementsOf(fresh.state).filter((needed) => this.#plan.skippedCreates.has(needed))) {
        reporter.error(`Resource '${urn}' depends on '${missing}' which was was not specified in --target list.`, urn);
        this.#deployment.failed = true;
        this.#plan.skippedCreates.delete(missing);
        allowed = false;
      }
    }
    return allowed;
  }
}
