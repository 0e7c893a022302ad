/**
 * What happens during an operation, in the shape of Pulumi's own event log (`--event-log`, `EngineEvent` in its
 * `apitype`), so that the display, the Automation API and our tests read one thing.
 */
import type { OperationResult, PropertyDiffKind, PropertyMap, StepOp, Urn } from "./contracts.ts";

/** Exactly one of the event members is set. */
export interface EngineEvent {
  /** Counts up from 0 in one operation. */
  sequence: number;
  /** Seconds since 1970. */
  timestamp: number;
  preludeEvent?: { config: Record<string, string> };
  stdoutEvent?: { message: string; color: string };
  diagnosticEvent?: DiagnosticEvent;
  resourcePreEvent?: { metadata: StepEventMetadata; planning?: boolean };
  resOutputsEvent?: { metadata: StepEventMetadata; planning?: boolean };
  resOpFailedEvent?: { metadata: StepEventMetadata; status: number; steps: number };
  summaryEvent?: SummaryEvent;
  cancelEvent?: Record<string, never>;
}

export interface DiagnosticEvent {
  urn?: Urn;
  prefix?: string;
  message: string;
  color: string;
  severity: "info" | "info#err" | "warning" | "error";
  streamID?: number;
  ephemeral?: boolean;
}

export interface SummaryEvent {
  maybeCorrupt: boolean;
  durationSeconds: number;
  resourceChanges: Partial<Record<StepOp, number>>;
  /** Versions by name; the embedded engine runs none. */
  PolicyPacks?: Record<string, string>;
  isPreview: boolean;
  result: OperationResult["result"];
}

/** A secret in here is its signature with `ciphertext: "[secret]"`, as the CLI shows it. */
export interface StepEventMetadata {
  op: StepOp;
  urn: Urn;
  type: string;
  old: StepEventState | null;
  new: StepEventState | null;
  /** The properties that force a replacement. */
  keys?: string[];
  diffs?: string[];
  detailedDiff: Record<string, { diffKind: PropertyDiffKind; inputDiff: boolean }> | null;
  logical?: boolean;
  provider: string;
}

export interface StepEventState {
  type: string;
  urn: Urn;
  custom?: boolean;
  delete?: boolean;
  id: string;
  parent: Urn;
  protect?: boolean;
  external?: boolean;
  retainOnDelete?: boolean;
  inputs: PropertyMap;
  outputs: PropertyMap;
  provider: string;
  initErrors?: string[];
}
