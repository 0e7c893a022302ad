/** The steps of an operation, as data. */
import type { StepOp, Urn } from "../contracts/contracts.ts";
import type { DetailedDiff } from "../values/property-diff.ts";
import type { Held } from "./resource-state.ts";

export interface Step {
  op: StepOp;
  urn: Urn;
  type: string;
  provider: string | undefined;
  old?: Held;
  new?: Held;
  /** What the program did, as opposed to a part of it (the two halves of a replacement). */
  logical: boolean;
  keys?: string[];
  diffs?: string[];
  detailedDiff?: DetailedDiff;
  /** Of a create-replacement: the old object is deleted at the end. Of a delete: a create will follow. */
  replacement?: "old goes later" | "new comes later";
  /** Of a create-replacement: another step deletes the old object first. */
  awaitsDeletion?: boolean;
  ignoreChanges?: string[];
  /** Of a same: the resource is not there and stays so, since it is not among the targets. */
  skippedCreate?: boolean;
  /** Of a same: not looked at, since it is not among the targets. */
  untargeted?: boolean;
  /** Of a refresh: part of a run of the program, so its outcome is written at once. */
  persisted?: boolean;
  internal?: boolean;
  /** Of a refresh, afterwards. */
  outcome?: StepOp;
  /** Of an import: what the read has to be told to leave alone. */
  original?: Held;
}

/** Steps that are a part of a replacement, or no change, are not what the program asked for. */
const PARTS: ReadonlySet<StepOp> = new Set([
  "create-replacement",
  "delete-replaced",
  "discard-replaced",
  "read-replacement",
  "import-replacement",
  "refresh",
  "remove-pending-replace",
]);

export function makeStep(op: StepOp, on: Pick<Step, "old" | "new"> & Partial<Step>): Step {
  const state = (on.new ?? on.old)?.state;
  if (!state) throw new Error(`a ${op} step needs a resource`);
  return { op, urn: state.urn, type: state.type, provider: state.provider, logical: !PARTS.has(op), ...on };
}

/** A delete of an object that Pulumi never owned only forgets it. */
export function makeDelete(old: Held, replacing: boolean, on: Partial<Step> = {}): Step {
  const external = old.state.external === true;
  const op = external ? (replacing ? "discard-replaced" : "discard") : replacing ? "delete-replaced" : "delete";
  return makeStep(op, { old, logical: !replacing, ...on });
}
