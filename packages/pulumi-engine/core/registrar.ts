/** Takes a registration through the plan and its steps, to the answer that the program gets. */
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import {
  MonitorClosed,
  type PropertyMap,
  type ReadResource,
  type ResourceState,
  type Urn,
} from "../contracts/contracts.ts";
import { findFormerSelf } from "./plan/aliases.ts";
import type { Deployment } from "./deployment.ts";
import type { Executor } from "./execute/executor.ts";
import type { Plan } from "./plan/plan.ts";
import { Planner, type Registration } from "./plan/planner.ts";
import { Told } from "./reporter.ts";
import { change, stateOfGoal, type Goal, type Held } from "./resource-state.ts";
import { inputsOf, outputsOf, tidy } from "../values/state.ts";
import { StepRunner, type Registered } from "./execute/step-runner.ts";
import { makeStep, type Step } from "./steps.ts";
import { carryOver, refuseCycle, sameAsBefore } from "./plan/untargeted.ts";
import { isProviderType, makeUrn, requirementsOf } from "../values/urn.ts";

/** A read of a resource that Pulumi does not own. */
export type ReadGoal = Omit<ReadResource, "properties" | "version" | "pluginDownloadUrl"> & { inputs: PropertyMap };

export class Registrar {
  readonly #deployment: Deployment;
  readonly #plan: Plan;
  readonly #planner: Planner;
  readonly #carryOut: StepRunner;

  constructor(deployment: Deployment, plan: Plan, executor: Executor) {
    this.#deployment = deployment;
    this.#plan = plan;
    this.#planner = new Planner(deployment, plan);
    this.#carryOut = new StepRunner(deployment, plan, executor);
  }

  /** @throws MonitorClosed if the operation ends before there is an answer */
  async register(goal: Goal): Promise<Registered> {
    return await this.#guard(goal, (urn) => this.#register(goal, urn));
  }

  /** @throws MonitorClosed if the operation ends before there is an answer */
  async read(goal: ReadGoal): Promise<Registered> {
    return await this.#guard(goal, (urn) => this.#read(goal, urn));
  }

  /** An error in the plan is the end of the operation: nothing that follows could be trusted. */
  async #guard(
    goal: Pick<Goal, "type" | "name" | "parent">,
    work: (urn: Urn) => Promise<Registered>,
  ): Promise<Registered> {
    if (this.#deployment.stopped.aborted) throw new MonitorClosed();
    let urn: Urn | undefined;
    try {
      urn = makeUrn({ ...this.#deployment.operation, ...goal });
      // A parent that is no target answers by its former name.
      if (goal.parent && !this.#plan.urns.has(goal.parent) && !this.#plan.sames.has(goal.parent))
        throw new Error(`could not find parent resource ${goal.parent}`);
      if (this.#plan.urns.has(urn)) {
        this.#deployment.reporter.error(`Duplicate resource URN '${urn}'; try giving it a unique name`, urn);
        throw new Told(urn);
      }
      this.#plan.urns.add(urn);
      return await work(urn);
    } catch (error) {
      if (error instanceof MonitorClosed) throw error;
      if (!(error instanceof Told)) this.#deployment.reporter.error(messageOf(error), urn);
      this.#deployment.abandon();
      throw new MonitorClosed();
    }
  }

  async #register(goal: Goal, urn: Urn): Promise<Registered> {
    const former = findFormerSelf(this.#deployment, this.#plan, urn, goal);
    const refuseConflict = (): void => {
      if (former.conflict) throw new Told(`resource ${urn} is invalid`);
    };
    if (this.#deployment.kind !== "update") refuseConflict();
    let { old } = former;
    const fresh: Held = { state: stateOfGoal(goal, urn, old?.state, former.alias) };
    if (isProviderType(goal.type))
      for (const name of [urn, ...(former.alias ? [former.alias] : [])]) this.#plan.providers.set(name, fresh);
    if (old && this.#refreshesInline && this.#plan.isTarget(old.state)) old = await this.#refresh(urn, old, fresh);
    const early = this.#planWithoutProvider(goal, urn, old, fresh);
    if (early) return await this.#carryOut.run(early, early.length === 0 && old ? old : fresh);
    const provider = await this.#providerOf(goal, urn);
    const registration: Registration = { goal, urn, old, fresh, provider, seed: this.#planner.newSeed() };
    if (this.#isImport(goal, old?.state)) return await this.#import(registration);
    const targeted = this.#plan.isTargetOrImplied(fresh.state);
    await this.#planner.check(registration, targeted);
    refuseConflict();
    const carried = targeted && this.#deployment.limited ? requirementsOf(fresh.state) : [];
    refuseCycle(this.#deployment, this.#plan, urn, carried);
    const before = carryOver(this.#deployment, this.#plan, carried);
    const steps = [...before, ...(await this.#steps(registration, targeted))];
    // A preview goes on, so that one run shows all there is to show.
    if (!this.#carryOut.allows(steps) && !this.#deployment.dryRun) throw new Told("untargeted create");
    return await this.#carryOut.run(steps, old && (!targeted || steps.length === 0) ? old : fresh);
  }

  /** The four ways a resource can go: back after it had to go, taken over, changed, or new. */
  async #steps(registration: Registration, targeted: boolean): Promise<Step[]> {
    const { urn, old, fresh } = registration;
    const plan = this.#plan;
    if (old && this.#deployment.deletes.has(urn)) return this.#planner.recreate(registration);
    if (old?.state.external) {
      plan.creates.add(urn);
      const sides = { old, new: fresh, replacement: "old goes later" as const };
      return [makeStep("create-replacement", sides), makeStep("replace", sides)];
    }
    // What depends on it comes later, and may share its lot; providers and the stack only share it if they were named.
    if (this.#deployment.targets.constrained && plan.isTarget(fresh.state)) plan.targets.add(urn);
    if (!targeted) {
      if (old?.state.provider && !this.#deployment.providers.tryFind(old.state.provider))
        throw new Error(
          `provider ${old.state.provider} for resource ${urn} has not been registered yet, this is due to a change of ` +
            "providers mixed with --target. Change your program back to the original providers",
        );
      plan.excludes.add(urn);
      // Others may have needed it before, so that it was kept already.
      const kept = plan.sames.has(urn);
      plan.sames.add(urn);
      if (old && kept) return [];
      return old ? sameAsBefore(this.#deployment, plan, old) : [this.#skipCreate(urn, fresh)];
    }
    if (!old) {
      plan.creates.add(urn);
      return [makeStep("create", { new: fresh })];
    }
    const steps = await this.#planner.stepsFor({ ...registration, old });
    return steps.length > 0 ? steps : [makeStep("same", { old, new: fresh })];
  }

  /** In a refresh or destroy that runs the program, no object is made. `undefined` means as in an update. */
  #planWithoutProvider(goal: Goal, urn: Urn, old: Held | undefined, fresh: Held): Step[] | undefined {
    const { kind } = this.#deployment;
    if (kind === "update") return undefined;
    const managed = goal.custom && !isProviderType(goal.type);
    const needsSkipped = requirementsOf(fresh.state).some((needed) => this.#plan.skippedCreates.has(needed));
    if (kind === "refresh") {
      if (!managed && !needsSkipped) return undefined;
      if (old) return [];
      this.#plan.sames.add(urn);
      return [this.#skipCreate(urn, fresh)];
    }
    if (needsSkipped || (managed && !old)) {
      if (old) change(fresh, { outputs: outputsOf(old.state) });
      return [this.#skipCreate(urn, fresh)];
    }
    this.#plan.toDelete.push(fresh);
    if (old) this.#plan.formerSelves.set(fresh, old);
    if (!managed || !old) return undefined;
    this.#plan.sames.add(urn);
    change(fresh, { inputs: inputsOf(old.state) });
    return [makeStep("same", { old, new: fresh })];
  }

  #skipCreate(urn: Urn, fresh: Held): Step {
    if (this.#deployment.kind === "update") this.#plan.sames.add(urn);
    this.#plan.skippedCreates.add(urn);
    return makeStep("same", { old: { state: fresh.state }, new: fresh, skippedCreate: true });
  }

  get #refreshesInline(): boolean {
    const { operation, kind } = this.#deployment;
    return operation.source !== undefined && kind === "refresh";
  }

  async #refresh(urn: Urn, old: Held, fresh: Held): Promise<Held | undefined> {
    this.#plan.refreshes.add(urn);
    await this.#deployment.providers.ensure(fresh.state.provider);
    const internal = !fresh.state.custom || isProviderType(fresh.state.type);
    const step = makeStep("refresh", { old, new: { state: fresh.state }, persisted: true, internal });
    await this.#carryOut.settle([step]);
    if (step.new) {
      this.#deployment.graph.alias(step.new, old);
      this.#plan.refreshed.set(old, step.new);
    }
    return step.new;
  }

  async #providerOf(goal: Goal, urn: Urn): Promise<Registration["provider"]> {
    const { providers, base } = this.#deployment;
    if (!goal.custom) return undefined;
    if (isProviderType(goal.type)) return providers.registry;
    const ref = goal.provider ?? "";
    if (!providers.tryFind(ref)) {
      if (!base.some((held) => `${held.state.urn}::${held.state.id}` === ref))
        throw new Error(`unknown provider '${ref}' for resource '${urn}'`);
      await providers.ensure(ref);
    }
    return providers.tryFind(ref);
  }

  #isImport(goal: Goal, old: ResourceState | undefined): boolean {
    return (
      goal.custom && !!goal.importId && (!old || old.external === true || (old.importID || old.id) !== goal.importId)
    );
  }

  /** What was read is the resource's past; what the program says may still change it. */
  async #import(registration: Registration): Promise<Registered> {
    const { goal, urn, old, fresh } = registration;
    const replaces = old !== undefined && !this.#deployment.deletes.has(urn);
    const step = makeStep(replaces ? "import-replacement" : "import", {
      new: { state: fresh.state },
      ...(replaces && old ? { original: old } : {}),
    });
    const replace = replaces && old ? [makeStep("replace", { old, new: fresh })] : [];
    await this.#carryOut.settle([step, ...replace]);
    const imported = step.new;
    if (!imported) throw new Error(`${urn} was not imported`);
    const next: Registration & { old: Held } = {
      ...registration,
      old: imported,
      fresh: {
        state: tidy({
          ...fresh.state,
          created: imported.state.created,
          modified: imported.state.modified,
          importID: goal.importId,
          replacementTrigger: undefined,
        }),
      },
    };
    await this.#planner.check(next, true);
    const steps = await this.#planner.stepsFor(next);
    return await this.#carryOut.run(steps, steps.length === 0 ? imported : next.fresh);
  }

  async #read(goal: ReadGoal, urn: Urn): Promise<Registered> {
    const { name: _, ...asked } = goal;
    const { old, alias, conflict } = findFormerSelf(this.#deployment, this.#plan, urn, { ...goal, aliases: [] });
    if (conflict) throw new Told(`resource ${urn} is invalid`);
    if (!goal.id) throw new Error(`Expected an ID for ${urn}`);
    const fresh: Held = {
      state: tidy({ ...asked, urn, custom: true, external: true, aliases: alias ? [alias] : [] }),
    };
    await this.#deployment.providers.ensure(goal.provider);
    if (old && !old.state.external && old.state.id !== goal.id) {
      this.#plan.replaces.add(urn);
      return await this.#carryOut.run(
        [makeStep("read-replacement", { old, new: fresh }), makeStep("replace", { old, new: fresh })],
        fresh,
      );
    }
    if (this.#deployment.kind === "destroy") {
      this.#plan.toDelete.push(fresh);
      if (old) this.#plan.formerSelves.set(fresh, old);
    }
    this.#plan.reads.add(urn);
    return await this.#carryOut.run([makeStep("read", { ...(old ? { old } : {}), new: fresh })], fresh);
  }
}
