import { toStoredFields } from "../backend/snapshot-codec.ts";
import type { PropertyMap, PropertyValue, StepOp, Urn } from "../contracts/contracts.ts";
import type { EngineEvent, StepEventMetadata, StepEventState } from "../contracts/events.ts";
import { isSecret, mapProperties } from "../values/properties.ts";
import { stateBehind } from "../core/reporter.ts";
import { ROOT_STACK_TYPE } from "../values/urn.ts";
import { isReplacementPart, shownStep } from "../display/shown-steps.ts";

interface DigestOptions {
  /** Leaves out what the stack itself has. */
  suppressOutputs: boolean;
}

/** Gathers what `preview --json` prints: one document, in the CLI's shape. */
export function createPreviewDigest(options: DigestOptions) {
  const steps: StepEventMetadata[] = [];
  /** Which step a resource began last. */
  const begun = new Map<Urn, StepOp>();
  const diagnostics: { urn?: Urn; message: string; severity: string }[] = [];
  let config: Record<string, string> = {};
  let summary: EngineEvent["summaryEvent"];
  const startedAtMs = performance.now();

  return {
    onEvent(event: EngineEvent): void {
      const { preludeEvent, diagnosticEvent, resourcePreEvent, resOutputsEvent, summaryEvent } = event;
      if (preludeEvent) config = preludeEvent.config;
      const step = shownStep(event);
      if (resourcePreEvent && step && isShown(step)) steps.push(step);
      if (resourcePreEvent && step) begun.set(step.urn, step.op);
      // What a refresh found is known only afterwards.
      const found = resOutputsEvent && step;
      const index = steps.findIndex(({ op, urn }) => op === "refresh" && urn === found?.urn);
      const isOfRefresh = found !== undefined && begun.get(found.urn) === "refresh";
      if (isOfRefresh && index >= 0 && (found.op === "update" || found.op === "delete")) steps[index] = found;
      if (diagnosticEvent && !diagnosticEvent.ephemeral) {
        const { urn, prefix = "", message, severity } = diagnosticEvent;
        diagnostics.push({ ...(urn && { urn }), message: `${prefix}${message}`, severity });
      }
      if (summaryEvent) summary = summaryEvent;
    },
    toJson: () => ({
      ...(Object.keys(config).length > 0 && { config }),
      steps: steps.map((step) => describeStep(step, options)),
      ...(diagnostics.length > 0 && { diagnostics }),
      // Nanoseconds, as Go counts durations.
      duration: Math.round((performance.now() - startedAtMs) * 1_000_000),
      changeSummary: summary?.resourceChanges ?? {},
      ...(summary?.maybeCorrupt && { maybeCorrupt: true }),
    }),
  };
}

/** What changes nothing is left out, but for the stack itself. */
function isShown(step: StepEventMetadata): boolean {
  const { op, type, old, new: now } = step;
  if (op === "same") return type === ROOT_STACK_TYPE || Boolean(old?.protect) !== Boolean(now?.protect);
  return !isReplacementPart(step);
}

function describeStep(step: StepEventMetadata, options: DigestOptions) {
  const { op, urn, provider, old, new: now, diffs, keys, detailedDiff } = step;
  return {
    op,
    urn,
    ...(provider && { provider }),
    ...(old && { oldState: describeState(old, options) }),
    ...(now && { newState: describeState(now, options) }),
    ...(diffs?.length && { diffReasons: diffs }),
    ...(keys?.length && { replaceReasons: keys }),
    detailedDiff:
      detailedDiff &&
      Object.fromEntries(
        Object.entries(detailedDiff).map(([path, { diffKind, inputDiff }]) => [path, { kind: diffKind, inputDiff }]),
      ),
  };
}

/** A state as a checkpoint has it, but for the secrets. */
function describeState(shown: StepEventState, { suppressOutputs }: DigestOptions) {
  const state = stateBehind(shown);
  const isHidden = suppressOutputs && shown.type === ROOT_STACK_TYPE && shown.parent === "";
  return toStoredFields({
    ...state,
    ...shown,
    inputs: isHidden ? {} : masked(shown.inputs),
    outputs: isHidden ? {} : masked(shown.outputs),
    ...(state?.replacementTrigger !== undefined && masked({ replacementTrigger: state.replacementTrigger })),
  });
}

function masked(map: PropertyMap): PropertyMap {
  return mapProperties(map, (value): PropertyValue => (isSecret(value) ? "[secret]" : value));
}
