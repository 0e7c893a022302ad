import type { StepOp, Urn } from "../contracts/contracts.ts";
import type { DiagnosticEvent, EngineEvent, StepEventMetadata } from "../contracts/events.ts";
import { ROOT_STACK_TYPE, parseUrn } from "../values/urn.ts";
import { isReplacementPart, shownStep } from "./shown-steps.ts";

/** What is known of one resource while an operation runs. */
export interface Row {
  urn: Urn;
  type: string;
  name: string;
  parent: Urn | undefined;
  op: StepOp;
  status: "under way" | "done" | "failed";
  /** The last step, for its property lines. */
  step: StepEventMetadata | undefined;
  startedAt: number;
  endedAt: number | undefined;
  /** What it says of itself for the moment. */
  progress: string | undefined;
  diagnostics: DiagnosticEvent[];
}

/** An operation as seen so far: one row for each resource, in the order of their first mention. */
export interface Rows {
  readonly byUrn: ReadonlyMap<Urn, Row>;
  /** Takes an event in; gives back the row that it changed. */
  apply(event: EngineEvent): Row | undefined;
}

/** Who says what no resource says, before the stack itself is heard of. */
const someStack = `urn:pulumi:stack::project::${ROOT_STACK_TYPE}::stack`;

export function createRows(now: () => number, stackUrn: Urn = someStack): Rows {
  const byUrn = new Map<Urn, Row>();

  function rowOf(urn: Urn): Row {
    const known = byUrn.get(urn);
    if (known) return known;
    const { type, name } = parseUrn(urn);
    const row: Row = {
      urn,
      type,
      name,
      parent: undefined,
      op: "same",
      status: "done",
      step: undefined,
      startedAt: now(),
      endedAt: undefined,
      progress: undefined,
      diagnostics: [],
    };
    byUrn.set(urn, row);
    return row;
  }

  function step(metadata: StepEventMetadata, status: Row["status"]): Row {
    const row = rowOf(metadata.urn);
    row.parent = (metadata.new ?? metadata.old)?.parent || row.parent;
    row.progress = undefined;
    // The outputs of a component come after its own step, and say nothing new of it.
    const told = metadata.op === "same" && row.op !== "same";
    if (!told) Object.assign(row, taken(row, metadata, status));
    if (status === "under way") row.startedAt = row.status === "under way" ? row.startedAt : now();
    else row.endedAt = now();
    row.status = row.status === "failed" ? "failed" : status;
    return row;
  }

  function diagnostic(event: DiagnosticEvent): Row {
    const row = rowOf(event.urn || rootOf(byUrn) || stackUrn);
    if (event.ephemeral) [row.progress] = event.message.trim().split("\n");
    else row.diagnostics.push(event);
    return row;
  }

  return {
    byUrn,
    apply(event) {
      const shown = shownStep(event);
      if (shown) return step(shown, event.resourcePreEvent ? "under way" : event.resOutputsEvent ? "done" : "failed");
      if (event.diagnosticEvent) return diagnostic(event.diagnosticEvent);
      return undefined;
    },
  };
}

/** Between its parts a replacement is still one, and so it is at its end. */
function taken(row: Row, metadata: StepEventMetadata, status: Row["status"]): Pick<Row, "op" | "step"> {
  const part = isReplacementPart(metadata);
  const op = part && status === "done" ? "replace" : metadata.op;
  // The properties that matter are those of the replacement itself: old and new side by side.
  return { op, step: part && row.step?.op === "replace" ? row.step : metadata };
}

function rootOf(rows: ReadonlyMap<Urn, Row>): Urn | undefined {
  return [...rows.values()].find((row) => row.type === ROOT_STACK_TYPE)?.urn;
}
