/** Hooks of the program around steps, and the retries that an error hook may ask for. */
import type { ErrorHook, HookArgs, HookKind, ResourceHook } from "../contracts/contracts.ts";
import type { Deployment } from "./deployment.ts";
import { inputsOf, outputsOf } from "../values/state.ts";
import type { Step } from "./steps.ts";
import { parseUrn } from "../values/urn.ts";

const MAX_RETRIES = 100;

export class Hooks {
  readonly #resource = new Map<string, ResourceHook>();
  readonly #error = new Map<string, ErrorHook>();

  register(hook: ResourceHook): void {
    this.#claim(hook.name);
    this.#resource.set(hook.name, hook);
  }

  registerError(hook: ErrorHook): void {
    this.#claim(hook.name);
    this.#error.set(hook.name, hook);
  }

  find(name: string): ResourceHook {
    const hook = this.#resource.get(name);
    if (!hook) throw new Error(`hook ${JSON.stringify(name)} was not registered`);
    return hook;
  }

  findError(name: string): ErrorHook {
    const hook = this.#error.get(name);
    if (!hook) throw new Error(`error hook ${JSON.stringify(name)} was not registered`);
    return hook;
  }

  #claim(name: string): void {
    if (this.#resource.has(name) || this.#error.has(name))
      throw new Error(`resource hook already registered for name ${JSON.stringify(name)}`);
  }
}

type Known = Pick<HookArgs, "newInputs" | "oldInputs" | "newOutputs" | "oldOutputs">;

/** A failing hook before a step is the step's failure. One after it fails the operation, but what was done is done. */
export async function runHooks(deployment: Deployment, kind: HookKind, step: Step, known: Known): Promise<void> {
  const names = (step.new ?? step.old)?.state.resourceHooks?.[kind] ?? [];
  const when = kind.startsWith("Before") ? "before" : "after";
  for (const name of names) {
    const failure = await runHook(deployment, name, kind, step, known);
    if (failure === undefined) continue;
    const message = `${when} hook ${JSON.stringify(name)} failed: ${failure}`;
    if (when === "before") throw new Error(message);
    deployment.reporter.error(message, step.urn);
    deployment.hookFailed();
    return;
  }
}

async function runHook(
  deployment: Deployment,
  name: string,
  kind: HookKind,
  step: Step,
  known: Known,
): Promise<string | undefined> {
  const hook = deployment.hooks.find(name);
  if (deployment.dryRun && !hook.onDryRun) return undefined;
  try {
    await hook.run({ ...subject(step), ...known });
    return undefined;
  } catch (error) {
    if (!hook.ignoreErrors) return messageOf(error);
    deployment.reporter.warning(`${kind} hook ${JSON.stringify(name)} failed: ${messageOf(error)}`, step.urn);
    return undefined;
  }
}

/** Does it again for as long as an error hook of the resource says so. */
export async function withRetries<T>(
  deployment: Deployment,
  step: Step,
  failedOperation: "create" | "update" | "delete",
  call: () => Promise<T>,
): Promise<T> {
  const errors: string[] = [];
  for (;;) {
    try {
      return await call();
    } catch (error) {
      errors.unshift(messageOf(error));
      if (errors.length > MAX_RETRIES) {
        deployment.reporter.warning(`maximum number of error hook retries (${MAX_RETRIES}) reached`, step.urn);
        throw error;
      }
      if (!(await shouldRetry(deployment, step, failedOperation, errors))) throw error;
      const count = `${errors.length}/${MAX_RETRIES}`;
      deployment.reporter.warning(`retrying ${failedOperation} due to on-error hook request (${count})`, step.urn);
    }
  }
}

async function shouldRetry(
  deployment: Deployment,
  step: Step,
  failedOperation: "create" | "update" | "delete",
  errors: string[],
): Promise<boolean> {
  let retry = false;
  for (const name of (step.new ?? step.old)?.state.resourceHooks?.["OnError"] ?? []) {
    const known = {
      ...(step.new ? { newInputs: inputsOf(step.new.state) } : {}),
      ...(step.old ? { oldInputs: inputsOf(step.old.state), oldOutputs: outputsOf(step.old.state) } : {}),
    };
    const hook = deployment.hooks.findError(name);
    retry = (await hook.run({ ...subject(step), ...known, failedOperation, errors })) || retry;
  }
  return retry;
}

function subject(step: Step): HookArgs {
  const { urn, type } = step;
  const state = (step.new ?? step.old)?.state;
  return {
    urn,
    id: state?.id ?? "",
    name: parseUrn(urn).name,
    type,
    ...(step.old && step.op !== "create" && step.op !== "create-replacement" ? { oldState: step.old.state } : {}),
    ...(step.new ? { newState: step.new.state } : {}),
  };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
