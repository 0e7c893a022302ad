/** Hooks of the program around steps, and the retries that an error hook may ask for. */
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import type { ErrorHook, HookArgs, HookKind, ResourceHook } from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import { inputsOf, outputsOf } from "../../values/state.ts";
import type { Step } from "../steps.ts";
import { parseUrn } from "../../values/urn.ts";

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

/** A failing hook before a step is the step's failure. One after it fails the operation, but what was done is done. */
export async function runHooks(deployment: Deployment, kind: HookKind, step: Step): Promise<void> {
  const when = kind.startsWith("Before") ? "before" : "after";
  for (const name of hooksOf(step, kind)) {
    const failure = await runHook(deployment, name, kind, step);
    if (failure === undefined) continue;
    const message = `${when} hook ${JSON.stringify(name)} failed: ${failure}`;
    if (when === "before") throw new Error(message);
    deployment.reporter.error(message, step.urn);
    deployment.hookFailed();
    return;
  }
}

async function runHook(deployment: Deployment, name: string, kind: HookKind, step: Step): Promise<string | undefined> {
  const hook = deployment.hooks.find(name);
  if (deployment.dryRun && !hook.onDryRun) return undefined;
  try {
    await hook.run(argsOf(step, kind));
    return undefined;
  } catch (error) {
    if (!hook.ignoreErrors) return messageOf(error);
    deployment.reporter.warning(`${kind} hook ${JSON.stringify(name)} failed: ${messageOf(error)}`, step.urn);
    return undefined;
  }
}

type Retried = "create" | "update" | "delete";

/** Does it again for as long as an error hook of the resource says so. */
export async function withRetries<T>(
  deployment: Deployment,
  step: Step,
  failedOperation: Retried,
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
  { hooks }: Deployment,
  step: Step,
  failedOperation: Retried,
  errors: string[],
): Promise<boolean> {
  let retry = false;
  for (const name of hooksOf(step, "OnError")) {
    const hook = hooks.findError(name);
    retry = (await hook.run({ ...argsOf(step, "OnError"), failedOperation, errors })) || retry;
  }
  return retry;
}

const hooksOf = (step: Step, kind: HookKind): string[] => (step.new ?? step.old)?.state.resourceHooks?.[kind] ?? [];

/** New outputs are there after the step; the former self of a replacement is none of its creation's business. */
function argsOf(step: Step, kind: HookKind): HookArgs {
  const { urn, type, op } = step;
  const fresh = step.new?.state;
  const old = op === "create" || op === "create-replacement" ? undefined : step.old?.state;
  return {
    urn,
    id: (fresh ?? old)?.id ?? "",
    name: parseUrn(urn).name,
    type,
    ...(old ? { oldState: old, oldInputs: inputsOf(old), oldOutputs: outputsOf(old) } : {}),
    ...(fresh ? { newState: fresh, newInputs: inputsOf(fresh) } : {}),
    ...(fresh && kind.startsWith("After") ? { newOutputs: outputsOf(fresh) } : {}),
  };
}
