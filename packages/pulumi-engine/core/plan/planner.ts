/** Decides what a registration means: nothing, a create, an update, a replacement. */
import { randomBytes } from "node:crypto";
import {
  DiffUnavailable,
  type CheckFailure,
  type DiffResult,
  type Provider,
  type PropertyMap,
  type PropertyValue,
  type ResourceState,
  type Urn,
} from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import { CHANGED, diffResource, replacedBecauseOf, UNCHANGED } from "./diff-resource.ts";
import type { Plan } from "./plan.ts";
import { applyReplaceOnChanges, forcesReplacement, ignoreChanges } from "../../values/property-diff.ts";
import { containsSecrets, containsUnknowns, equal, withoutMarks } from "../../values/properties.ts";
import { boundTo, dependentReplacements, type DependentReplacement } from "./replacements.ts";
import { Told } from "../reporter.ts";
import type { Goal, Held } from "../resource-state.ts";
import { inputsOf } from "../../values/state.ts";
import { makeDelete, makeStep, type Step } from "../steps.ts";
import { parseProviderRef, parseUrn } from "../../values/urn.ts";

/** A resource on its way through the plan. */
export interface Registration {
  goal: Goal;
  urn: Urn;
  old: Held | undefined;
  fresh: Held;
  provider: Provider | undefined;
  seed: Uint8Array;
}

export class Planner {
  readonly #deployment: Deployment;
  readonly #plan: Plan;

  constructor(deployment: Deployment, plan: Plan) {
    this.#deployment = deployment;
    this.#plan = plan;
  }

  newSeed(): Uint8Array {
    return randomBytes(32);
  }

  /** The inputs as the provider completes them. Its old inputs count where the resource goes on. */
  async check(registration: Registration, targeted: boolean): Promise<void> {
    const { goal, urn, old, fresh, provider } = registration;
    const oldInputs = inputsOf(old?.state);
    const { inputs, invalid } = old
      ? ignoreChanges(inputsOf(fresh.state), oldInputs, goal.ignoreChanges)
      : { inputs: inputsOf(fresh.state), invalid: [] };
    this.#deployment.reportInvalidPaths(urn, invalid);
    // A component keeps what it was told last, though it may be told to make nothing of it.
    if (!provider) return;
    if (!targeted) return setInputs(fresh, oldInputs);
    const isNew =
      !old || old.state.external || this.#deployment.deletes.has(urn) || this.#plan.isReplaceTarget(urn, old.state);
    const request = isNew ? { olds: {}, news: goal.inputs } : { olds: oldInputs, news: inputs };
    this.#applyCheck(registration, await provider.check({ urn, ...this.#naming(registration), ...request }));
  }

  #naming({ urn, seed }: Pick<Registration, "urn" | "seed">) {
    return { randomSeed: seed, autonaming: this.#deployment.operation.autonaming?.(urn, seed) };
  }

  #applyCheck(
    { urn, fresh }: Registration,
    { inputs, failures }: { inputs: PropertyMap; failures: CheckFailure[] },
  ): void {
    if (failures.length > 0) {
      const { name, type } = parseUrn(urn);
      for (const { property, reason } of failures) {
        const of = property
          ? `: property ${property} value ${describe(inputsOf(fresh.state)[property])} has a problem: `
          : " has a problem: ";
        this.#deployment.reporter.error(`${type} resource '${name}'${of}${reason}`, urn);
      }
      throw new Told(`resource ${urn} is invalid`);
    }
    setInputs(fresh, inputs);
  }

  /** What a resource that was there before needs. */
  async stepsFor(registration: Registration & { old: Held }): Promise<Step[]> {
    const { goal, urn, old, fresh } = registration;
    const [trigger, formerTrigger] = [fresh.state.replacementTrigger, old.state.replacementTrigger];
    if (!this.#deployment.dryRun && containsUnknowns(trigger))
      throw new Error(`replacement trigger contains unknowns for ${urn}`);
    const triggered = triggers(trigger, formerTrigger);
    let diff = triggered ? CHANGED : await this.#diff(registration);
    if (this.#deployment.deletes.has(urn) && this.#plan.dependentReplaceKeys.has(urn))
      return this.recreate(registration);
    const hasInitErrors = (old.state.initErrors?.length ?? 0) > 0;
    diff = applyReplaceOnChanges(diff, goal.replaceOnChanges, hasInitErrors);
    const { pendingReplacement = false } = old.state;
    if ((diff.changes && (forcesReplacement(diff) || triggered)) || pendingReplacement)
      return await this.#replace(registration, diff);
    if (!diff.changes && !hasInitErrors) {
      this.#plan.sames.add(urn);
      return [];
    }
    this.#plan.updates.add(urn);
    return [makeStep("update", { old, new: fresh, ...shown(diff), ignoreChanges: goal.ignoreChanges })];
  }

  /** The resource went when another one was deleted before its replacement; now it comes back. */
  recreate({ urn, old, fresh }: Registration): Step[] {
    this.#deployment.deletes.delete(urn);
    this.#plan.replaces.add(urn);
    const keys = this.#plan.dependentReplaceKeys.get(urn) ?? [];
    const sides = { ...(old ? { old } : {}), new: fresh };
    return [makeStep("replace", sides), makeStep("create-replacement", { ...sides, keys, awaitsDeletion: true })];
  }

  async #diff(registration: Registration & { old: Held }): Promise<DiffResult> {
    const { goal, urn, old, fresh, provider } = registration;
    if (this.#plan.isReplaceTarget(urn, old.state)) return replacedBecauseOf("id");
    if (fresh.state.replaceWith?.some((other) => this.#plan.replaces.has(other)))
      return replacedBecauseOf("replaceWith");
    if (fresh.state.deletedWith && this.#plan.replaces.has(fresh.state.deletedWith))
      return replacedBecauseOf("deletedWith");
    if (await this.#providerChanged(old.state, fresh.state)) return replacedBecauseOf("provider");
    if (!provider) {
      const { inputs } = ignoreChanges(inputsOf(fresh.state), inputsOf(old.state), goal.ignoreChanges);
      return equal(inputsOf(old.state), inputs) ? UNCHANGED : CHANGED;
    }
    try {
      return await diffResource(
        this.#deployment,
        provider,
        { ...old.state, urn },
        inputsOf(fresh.state),
        goal.ignoreChanges,
      );
    } catch (error) {
      if (!(error instanceof DiffUnavailable)) throw error;
      this.#deployment.reporter.warning(error.message, urn);
      return CHANGED;
    }
  }

  /** Another provider only matters if it says so: a new version of it may well manage what the old one made. */
  async #providerChanged(old: ResourceState, fresh: ResourceState): Promise<boolean> {
    if (old.provider === fresh.provider) return false;
    if (!old.provider || !fresh.provider) return true;
    const [was, is] = [parseProviderRef(old.provider), parseProviderRef(fresh.provider)];
    if (this.#plan.aliased.get(was.urn) === is.urn) return false;
    const former = this.#deployment.old(was.urn);
    const news = this.#plan.providers.get(is.urn);
    if (!former || !news) return false;
    return forcesReplacement(await this.#deployment.providers.diffConfig(is.urn, former, inputsOf(news.state)));
  }

  async #replace(registration: Registration & { old: Held }, diff: DiffResult): Promise<Step[]> {
    const { goal, urn, old, fresh, provider } = registration;
    const { dryRun, deletes, providers } = this.#deployment;
    if (fresh.state.protect && old.state.protect) this.#refuse(urn, protectedFromReplacement(urn));
    if (goal.importId) this.#refuseImported(urn, diff);
    this.#plan.replaces.add(urn);
    // Defaults that the old inputs had decided have to be decided again.
    if (provider && !this.#plan.isReplaceTarget(urn, old.state))
      this.#applyCheck(
        registration,
        await provider.check({ urn, olds: {}, news: goal.inputs, ...this.#naming(registration) }),
      );
    const sides = { old, new: fresh, keys: diff.replaces, ...shown(diff) };
    const mayCoexist = this.#naming(registration).autonaming?.isUnique ?? true;
    if (!(goal.deleteBeforeReplace ?? (!mayCoexist || diff.deleteBeforeReplace === true))) {
      const replacement = "old goes later";
      return [
        makeStep("create-replacement", { ...sides, replacement }),
        makeStep("replace", { ...sides, replacement }),
      ];
    }
    await providers.ensure(old.state.provider);
    const condemned =
      !dryRun || this.#deployment.graph.has(old) ? await dependentReplacements(this.#deployment, this.#plan, old) : [];
    const bound = boundTo(this.#deployment, urn);
    for (const { held } of bound) await providers.ensure(held.state.provider);
    // While providers were asked, the plan went on: what it has come to by now cannot have depended on this one.
    const going = [...condemned, ...bound].filter(
      ({ held }) => held.state.delete || !this.#plan.hasComeTo(held.state.urn),
    );
    const steps = going.toReversed().flatMap((dependent) => this.#deleteDependent(dependent, urn));
    if (!old.state.pendingReplacement) {
      deletes.add(old.state.urn);
      this.#plan.pendingDeletes.add(old);
      steps.push(makeDelete(old, true, { replacement: "new comes later" }));
    }
    return [...steps, makeStep("replace", sides), makeStep("create-replacement", sides)];
  }

  #deleteDependent({ held, keys }: DependentReplacement, root: Urn): Step[] {
    const { urn } = held.state;
    if (this.#plan.pendingDeletes.has(held)) return [];
    this.#plan.pendingDeletes.add(held);
    // A condemned one just goes sooner; the live resource of its URN is another matter.
    if (held.state.delete) return [makeDelete(held, false)];
    this.#plan.dependentReplaceKeys.set(urn, keys);
    if (held.state.protect) {
      const message =
        `unable to replace resource "${urn}" as part of replacing "${root}" as it is currently marked for protection. ` +
        "To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and run " +
        `\`pulumi up\`, or use the command:\n\`pulumi state unprotect '${urn}'\``;
      this.#deployment.reporter.error(message, root);
      throw new Told(message);
    }
    this.#deployment.deletes.add(urn);
    this.#plan.goes(held);
    return [makeDelete(held, true, { replacement: "new comes later" })];
  }

  /** A preview goes on, so that one run shows all there is to show. */
  #refuse(urn: Urn, message: string): void {
    this.#deployment.reporter.error(message, urn);
    this.#deployment.failed = true;
    if (!this.#deployment.dryRun) throw new Told(message);
  }

  #refuseImported(urn: Urn, diff: DiffResult): void {
    const message =
      "previously-imported resources that still specify an ID may not be replaced; " +
      `please remove the \`import\` declaration from your program;\n${diff.replaces.join("\n")}`;
    if (!this.#deployment.dryRun) throw new Error(message);
    this.#deployment.reporter.warning(message, urn);
  }
}

const protectedFromReplacement = (urn: Urn): string =>
  `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, ` +
  "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`";

/** Nothing set means that there is no trigger; what is unknown counts as changed. */
function triggers(now: ResourceState["replacementTrigger"], before: ResourceState["replacementTrigger"]): boolean {
  if (containsUnknowns(now) || containsUnknowns(before)) return true;
  if (now === undefined || now === null || before === undefined || before === null) return false;
  return !equal(withoutMarks({ now }), withoutMarks({ now: before }));
}

const shown = (diff: DiffResult): Pick<Step, "diffs" | "detailedDiff"> => ({
  diffs: diff.diffs,
  ...(diff.detailedDiff ? { detailedDiff: diff.detailedDiff } : {}),
});

function setInputs(held: Held, inputs: PropertyMap): void {
  held.state = { ...held.state, inputs };
}

/** A value in a message, as Pulumi has it; never a secret. */
function describe(value: PropertyValue | undefined): string {
  if (containsSecrets(value)) return "[secret]";
  return `{${value === undefined || value === null ? "<nil>" : typeof value === "object" ? JSON.stringify(value) : value}}`;
}
