/** What each step does when its turn comes. */
import {
  InitializationFailed,
  type PropertyMap,
  type ResourceState,
  type StepOp,
  type Timeouts,
  type Urn,
} from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import { diffResource } from "../plan/diff-resource.ts";
import { runHooks, withRetries } from "./hooks.ts";
import { equal, isUnknown } from "../../values/properties.ts";
import { invertDiff } from "../../values/property-diff.ts";
import { change, type Held } from "../resource-state.ts";
import { inputsOf, outputsOf } from "../../values/state.ts";
import type { Step } from "../steps.ts";
import { isProviderType, packageOf, parseUrn } from "../../values/urn.ts";

/** Carries out a step. What it throws is its failure; `InitializationFailed` means that it happened all the same. */
export async function applyStep(deployment: Deployment, step: Step): Promise<void> {
  await APPLY[step.op](deployment, step);
}

const now = (): string => new Date().toISOString();

type Apply = (deployment: Deployment, step: Step) => Promise<void>;

const nothing: Apply = () => Promise.resolve();

const APPLY: Record<StepOp, Apply> = {
  same: applySame,
  create: applyCreate,
  "create-replacement": applyCreate,
  update: applyUpdate,
  delete: applyDelete,
  "delete-replaced": applyDelete,
  discard: applyDelete,
  "discard-replaced": applyDelete,
  replace: nothing,
  read: applyRead,
  "read-replacement": applyRead,
  refresh: applyRefresh,
  "remove-pending-replace": nothing,
  import: applyImport,
  "import-replacement": applyImport,
};

async function applySame(deployment: Deployment, step: Step): Promise<void> {
  const [old, fresh] = sides(step);
  if (step.untargeted) return;
  change(fresh, { id: old.state.id ?? "", outputs: outputsOf(old.state) });
  // The provider keeps the inputs that it was last configured with: it said that the new ones make no difference.
  if (isProviderType(step.type) && !step.skippedCreate)
    await deployment.providers.same({ ...fresh.state, inputs: inputsOf(old.state) }, true);
}

async function applyCreate(deployment: Deployment, step: Step): Promise<void> {
  const fresh = newSide(step);
  const { custom } = fresh.state;
  await runHooks(deployment, "BeforeCreate", step);
  let failure: InitializationFailed | undefined;
  if (custom) {
    const provider = deployment.providers.forStep(step);
    const preview = deployment.dryRun;
    const news = inputsOf(fresh.state);
    const request = { urn: step.urn, news, preview, ...timeoutOf(fresh.state, "create") };
    const created = await attempt(deployment, step, "create", async () =>
      preview && !provider.supportsPreview ? { id: "", outputs: news } : await provider.create(request),
    );
    failure = created.failure;
    const { id, outputs } = created.answer;
    if (!id && !preview) throw new Error("provider did not return an ID from Create");
    change(fresh, { id, outputs });
  }
  const time = now();
  change(fresh, { created: time, modified: time, ...unhealthy(failure) });
  if (step.replacement === "old goes later" && step.old) change(step.old, { delete: true });
  if (failure) throw failure;
  if (custom) await runHooks(deployment, "AfterCreate", step);
}

async function applyUpdate(deployment: Deployment, step: Step): Promise<void> {
  const [old, fresh] = sides(step);
  const { id = "", created = "", modified = "", custom } = old.state;
  change(fresh, { id, created, modified });
  await runHooks(deployment, "BeforeUpdate", step);
  if (fresh.state.custom) {
    const provider = deployment.providers.forStep(step);
    const preview = deployment.dryRun;
    const news = inputsOf(fresh.state);
    const [oldInputs, oldOutputs] = [inputsOf(old.state), outputsOf(old.state)];
    const ignored = { ignoreChanges: step.ignoreChanges ?? [] };
    const request = { urn: step.urn, id, oldInputs, oldOutputs, news, preview, ...ignored };
    const { answer, failure } = await attempt(deployment, step, "update", async () =>
      preview && !provider.supportsPreview
        ? { outputs: news }
        : await provider.update({ ...request, ...timeoutOf(fresh.state, "update") }),
    );
    change(fresh, { outputs: answer.outputs, modified: now() });
    if (failure) {
      // The object has something of the new inputs, nobody knows what: the next diff has to start from the old ones.
      change(fresh, { inputs: oldInputs, ...unhealthy(failure) });
      throw failure;
    }
  }
  if (custom) await runHooks(deployment, "AfterUpdate", step);
}

async function applyDelete(deployment: Deployment, step: Step): Promise<void> {
  const old = oldSide(step);
  const { state } = old;
  const { urn } = step;
  await runHooks(deployment, "BeforeDelete", step);
  if (step.logical && state.protect) throw new ProtectedResource(urn);
  const goesWithAnother = state.deletedWith !== undefined && deployment.deletes.has(state.deletedWith);
  if (!deployment.dryRun && !state.external && !state.retainOnDelete && !goesWithAnother && state.custom) {
    const provider = deployment.providers.forStep(step);
    const sides = { oldInputs: inputsOf(state), oldOutputs: outputsOf(state) };
    const request = { urn, id: state.id ?? "", ...sides, ...timeoutOf(state, "delete") };
    await withRetries(deployment, step, "delete", () => provider.delete(request));
  }
  // Only now: a delete that failed has to be tried again, one that is marked so has not.
  if (step.replacement === "new comes later") change(old, { pendingReplacement: true });
  await runHooks(deployment, "AfterDelete", step);
}

async function applyRead(deployment: Deployment, step: Step): Promise<void> {
  const fresh = newSide(step);
  const { id = "" } = fresh.state;
  let failure: InitializationFailed | undefined;
  if (isUnknown(id)) {
    change(fresh, { outputs: {} });
  } else {
    const inputs = inputsOf(fresh.state);
    // Providers have always been sent the inputs as the state here, and count on it.
    const provider = deployment.providers.forStep(step);
    const read = await partially(() => provider.read({ urn: step.urn, id, inputs, outputs: inputs }));
    if (!read.answer) throw new Error(`resource '${id}' does not exist`);
    failure = read.failure;
    const { outputs } = read.answer;
    fresh.state = { ...fresh.state, outputs, id: read.answer.id || id, ...unhealthy(failure) };
  }
  if (step.op === "read-replacement" && step.old) change(step.old, { delete: true });
  if (step.old) {
    const same =
      equal(inputsOf(fresh.state), inputsOf(step.old.state)) &&
      equal(outputsOf(fresh.state), outputsOf(step.old.state));
    change(fresh, { created: step.old.state.created ?? "", modified: same ? (step.old.state.modified ?? "") : now() });
  }
  if (failure) throw failure;
}

async function applyRefresh(deployment: Deployment, step: Step): Promise<void> {
  const old = oldSide(step);
  const { state } = old;
  step.outcome = "same";
  if (!state.custom || isProviderType(state.type) || state.pendingReplacement) {
    if (step.persisted) step.new = { state };
    return;
  }
  const provider = deployment.providers.forStep(step);
  const { urn, id = "" } = state;
  const { answer: read, failure } = await partially(() =>
    provider.read({ urn, id, inputs: inputsOf(state), outputs: outputsOf(state), ...timeoutOf(state, "read") }),
  );
  if (failure)
    deployment.reporter.warning(`Refreshed resource is in an unhealthy state:\n* ${failure.reasons.join("\n* ")}`, urn);
  if (!read?.id) {
    delete step.new;
    step.outcome = "delete";
    return;
  }
  const inputs = read.inputs ?? inputsOf(state);
  // A program that was run for the refresh has said again what it wants of the resource, its provider among it.
  const fresh: Held = { state: newSide(step).state };
  change(fresh, { id: read.id, inputs, outputs: read.outputs, initErrors: failure?.reasons ?? [] });
  if (!equal(inputs, inputsOf(state)) || !equal(read.outputs, outputsOf(state))) change(fresh, { modified: now() });
  step.new = fresh;
  if (state.external) {
    step.outcome = equal(outputsOf(state), read.outputs) ? "same" : "update";
    return;
  }
  // What an update without changes to the program would do next: what was read are the olds, the old inputs the news.
  const next = await diffResource(deployment, provider, fresh.state, inputsOf(state), state.ignoreChanges ?? []);
  const diff = invertDiff(next);
  step.diffs = diff.diffs;
  if (diff.detailedDiff) step.detailedDiff = diff.detailedDiff;
  step.outcome = diff.changes ? "update" : "same";
}

async function applyImport(deployment: Deployment, step: Step): Promise<void> {
  const fresh = newSide(step);
  const { urn, importID = "" } = fresh.state;
  const provider = deployment.providers.forStep(step);
  const { answer: read, failure } = await partially(() =>
    provider.read({ urn, id: importID, inputs: {}, outputs: {}, ...timeoutOf(fresh.state, "read") }),
  );
  if (!read) throw new Error(`resource '${importID}' does not exist`);
  if (!read.inputs)
    throw new Error(
      `provider does not support importing resources; please try updating the '${packageOf(parseUrn(urn).type)}' plugin`,
    );
  const time = now();
  change(fresh, {
    id: read.id || importID,
    inputs: read.inputs,
    outputs: read.outputs,
    created: time,
    modified: time,
    initErrors: failure?.reasons ?? [],
  });
  step.old = { state: fresh.state };
  if (step.original) change(step.original, { delete: true });
}

export class ProtectedResource extends Error {
  override readonly name = "ProtectedResource";
  constructor(urn: Urn) {
    super(
      `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove the ` +
        "`protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n" +
        `\`pulumi state unprotect '${urn}'\``,
    );
  }
}

type Answer = { id: string; inputs?: PropertyMap; outputs: PropertyMap };
type Attempt<T> = { answer: T | Answer; failure?: InitializationFailed };

/** A call that may half succeed: the object that it left is the answer then, beside the failure. */
async function partially<T extends Partial<Answer> | undefined>(call: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { answer: await call() };
  } catch (failure) {
    if (!(failure instanceof InitializationFailed)) throw failure;
    const { id, properties: outputs, inputs } = failure;
    return { answer: { id, outputs, ...(inputs ? { inputs } : {}) }, failure };
  }
}

const attempt = <T extends Partial<Answer>>(
  deployment: Deployment,
  step: Step,
  what: "create" | "update",
  call: () => Promise<T>,
): Promise<Attempt<T>> => partially(() => withRetries(deployment, step, what, call));

const unhealthy = (failure: InitializationFailed | undefined): { initErrors?: string[] } =>
  failure ? { initErrors: failure.reasons } : {};

function timeoutOf(state: ResourceState, what: keyof Timeouts): { timeoutSeconds?: number } {
  const seconds = state.customTimeouts?.[what];
  return seconds === undefined ? {} : { timeoutSeconds: seconds };
}

function oldSide(step: Step): Held {
  if (!step.old) throw new Error(`a ${step.op} step needs an old resource`);
  return step.old;
}
function newSide(step: Step): Held {
  if (!step.new) throw new Error(`a ${step.op} step needs a new resource`);
  return step.new;
}
const sides = (step: Step): [Held, Held] => [oldSide(step), newSide(step)];
