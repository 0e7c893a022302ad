import type { EngineEvent, StepEventMetadata } from "../contracts/events.ts";
import { isDefaultProvider } from "../values/urn.ts";

/** The step of an event, unless it is one that nobody asked for by name: those are logged and not shown. */
export function shownStep(event: EngineEvent): StepEventMetadata | undefined {
  const step = (event.resourcePreEvent ?? event.resOutputsEvent ?? event.resOpFailedEvent)?.metadata;
  return step && !isInternal(step) ? step : undefined;
}

/** A replacement is shown by its one step `replace`; the others are how it is done. */
export function isReplacementPart({ op, logical }: StepEventMetadata): boolean {
  return logical !== true && op.includes("replace");
}

function isInternal({ op, urn }: StepEventMetadata): boolean {
  return op === "remove-pending-replace" || isDefaultProvider(urn);
}
