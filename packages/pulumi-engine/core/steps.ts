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
  /** How a replacement goes on: the old object of a create-replacement is deleted at the end, or a create follows a delete. */
  replacement?: "old goes later" | "new comes later";
  /** Another step deletes the old object of this create-replacement first. */
  awaitsDeletion?: boolean;
  ignoreChanges?: string[];
  /** In a same: the resource is not there and stays so, since it is not among the targets. */
  skippedCreate?: boolean;
  /** In a same: the resource is not looked at, since it is not among the targets. */
  untargeted?: boolean;
  /** A refresh that is part of a run of the program, so that its outcome is written at once. */
  persisted?: boolean;
  internal?: boolean;
  /** What a refresh has found, afterwards. */
  outcome?: StepOp;
  /** What the read of an import has to leave alone. */
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
