/** Says what happens, in the shape of Pulumi's engine events, and counts it. */
import type {
  Monitor,
  Operation,
  OperationResult,
  PropertyMap,
  ResourceState,
  StepOp,
  Urn,
} from "../contracts/contracts.ts";
import type { DiagnosticEvent, EngineEvent, StepEventMetadata, StepEventState } from "../contracts/events.ts";
import { createSecretFilter, maskForDisplay } from "../values/masking.ts";
import type { Step } from "./steps.ts";
import { isDefaultProvider } from "../values/urn.ts";

const PREFIXES: Partial<Record<DiagnosticEvent["severity"], string>> = { warning: "warning: ", error: "error: " };

/** An error that the user was told already; it only has to stop things. */
export class Told extends Error {
  override readonly name = "Told";
}

const shownStates = new WeakMap<StepEventState, ResourceState>();

/** All that there is to know of a state that an event shows in part; its secrets are in the clear. */
export const stateBehind = (shown: StepEventState): ResourceState | undefined => shownStates.get(shown);

export class Reporter {
  readonly changes: Partial<Record<StepOp, number>> = {};
  maybeCorrupt = false;
  readonly #onEvent: Operation["onEvent"];
  readonly #planning: boolean;
  readonly #started = performance.now();
  readonly #shown = new WeakMap<ResourceState, StepEventState>();
  readonly #hide: (text: string) => string;
  #sequence = 0;
  #steps = 0;

  constructor(operation: Pick<Operation, "onEvent" | "config" | "secretKeys">, planning: boolean) {
    this.#onEvent = operation.onEvent;
    this.#planning = planning;
    this.#hide = createSecretFilter([...operation.secretKeys].flatMap((key) => operation.config[key] ?? []));
  }

  prelude(config: Record<string, string>, secretKeys: ReadonlySet<string>): void {
    const shown = Object.entries(config).map(([key, value]) => [key, secretKeys.has(key) ? "[secret]" : value]);
    this.#emit({ preludeEvent: { config: Object.fromEntries(shown) } });
  }

  pre(step: Step): void {
    this.#emit({ resourcePreEvent: { metadata: this.#metadata(step, step.op), ...this.#mode() } });
  }

  outputs(step: Step, op: StepOp): void {
    this.#emit({ resOutputsEvent: { metadata: this.#metadata(step, op), ...this.#mode() } });
  }

  failed(step: Step, status: number): void {
    this.#emit({ resOpFailedEvent: { metadata: this.#metadata(step, step.op), status, steps: this.#steps } });
  }

  count(op: StepOp): void {
    this.changes[op] = (this.changes[op] ?? 0) + 1;
    this.#steps += 1;
  }

  error(message: string, urn?: Urn): void {
    this.diagnostic({ severity: "error", message, ...(urn ? { urn } : {}) });
  }

  warning(message: string, urn?: Urn): void {
    this.diagnostic({ severity: "warning", message, ...(urn ? { urn } : {}) });
  }

  diagnostic(event: Omit<DiagnosticEvent, "color" | "prefix">): void {
    const { severity, message, urn, ...more } = event;
    const prefix = PREFIXES[severity];
    this.#emit({
      diagnosticEvent: {
        ...(urn && { urn }),
        ...(prefix && { prefix }),
        // Pulumi has it so, whatever the message ends with.
        message: `${this.#hide(message)}\n`,
        color: "never",
        severity,
        ...more,
      },
    });
  }

  /** A message of a program or a provider. */
  log: Monitor["log"] = ({ severity, message, urn, streamId, ephemeral }) => {
    this.diagnostic({
      severity,
      message,
      ...(urn ? { urn } : {}),
      ...(streamId ? { streamID: streamId } : {}),
      ...(ephemeral ? { ephemeral } : {}),
    });
  };

  summary(result: OperationResult["result"]): void {
    this.#emit({
      summaryEvent: {
        maybeCorrupt: this.maybeCorrupt,
        durationSeconds: Math.ceil((performance.now() - this.#started) / 1000),
        resourceChanges: this.changes,
        PolicyPacks: {},
        isPreview: this.#planning,
        result,
      },
    });
    this.#emit({ cancelEvent: {} });
  }

  #mode(): { planning?: true } {
    return this.#planning ? { planning: true } : {};
  }

  #emit(event: Omit<EngineEvent, "sequence" | "timestamp">): void {
    this.#onEvent({ sequence: this.#sequence++, timestamp: Math.floor(Date.now() / 1000), ...event });
  }

  #metadata(step: Step, op: StepOp): StepEventMetadata {
    const detailed =
      step.detailedDiff &&
      Object.entries(step.detailedDiff).map(
        ([path, { kind, inputDiff }]) => [path, { diffKind: kind, inputDiff }] as const,
      );
    return {
      op,
      urn: step.urn,
      type: step.type,
      old: this.#state(step.old?.state),
      new: this.#state(step.new?.state),
      ...(step.keys?.length ? { keys: step.keys } : {}),
      ...(step.diffs?.length ? { diffs: step.diffs } : {}),
      detailedDiff: detailed ? Object.fromEntries(detailed) : null,
      ...(step.logical ? { logical: true } : {}),
      provider: step.provider ?? "",
    };
  }

  #state(state: ResourceState | undefined): StepEventState | null {
    if (!state) return null;
    const known = this.#shown.get(state);
    if (known) return known;
    const mask = (map: PropertyMap | undefined): PropertyMap => maskForDisplay(map ?? {}, this.#hide);
    const { type, urn, custom, protect, external, retainOnDelete, initErrors } = state;
    const shown: StepEventState = {
      type,
      urn,
      ...(custom ? { custom } : {}),
      ...(state.delete ? { delete: true } : {}),
      id: state.id ?? "",
      parent: state.parent ?? "",
      ...(protect ? { protect } : {}),
      ...(external ? { external } : {}),
      ...(retainOnDelete ? { retainOnDelete } : {}),
      inputs: mask(state.inputs),
      outputs: mask(state.outputs),
      provider: state.provider ?? "",
      ...(initErrors?.length ? { initErrors } : {}),
    };
    this.#shown.set(state, shown);
    shownStates.set(shown, state);
    return shown;
  }
}

/** A step that the user did not ask for and that no summary counts. */
export const isInternal = (step: Step): boolean =>
  step.op === "remove-pending-replace" || step.internal === true || isDefaultProvider(step.urn);
