import { stripVTControlCharacters } from "node:util";
import { createLogUpdate } from "log-update";
import { printableColours } from "@pulumi-line-bot/kit/printable";
import type { Urn } from "../contracts/contracts.ts";
import type { EngineEvent, StepEventMetadata } from "../contracts/events.ts";
import { equal } from "../values/properties.ts";
import { ROOT_STACK_TYPE } from "../values/urn.ts";
import { createPaint } from "./text.ts";
import { diagnosticLines, diffLines, outputLines, summaryLines } from "./report-lines.ts";
import { stepWords } from "./operations.ts";
import { type Row, createRows } from "./rows.ts";
import { isReplacementPart, shownStep } from "./shown-steps.ts";
import { rowInfo, rowStatus, shortType, treeLines } from "./tree-lines.ts";

export interface DisplayOptions {
  stream: NodeJS.WriteStream | NodeJS.WritableStream;
  /** A live tree; plain lines otherwise. */
  isTerminal: boolean;
  color: boolean;
  /** The first line, such as `Updating (dev):`. */
  title?: string;
  preview: boolean;
  /** The stack itself: what is said of no resource is said of it. */
  stackUrn?: Urn;
  /** Property lines of each step instead of the tree. */
  diff?: boolean;
  /** Resources that do not change, too. */
  showSame?: boolean;
  suppressOutputs?: boolean;
  suppressProgress?: boolean;
  /** Milliseconds since any moment. */
  now?: () => number;
}

export interface Display {
  onEvent(event: EngineEvent): void;
  /** Leaves the last picture standing. Call it however the operation ended. */
  close(): void;
}

/** Shows the events of one operation to a person. */
export function createDisplay(options: DisplayOptions): Display {
  const { stream, preview, now = () => performance.now() } = options;
  const paint = createPaint(options.color);
  const rows = createRows(now, options.stackUrn);
  // Programs colour what they say without asking: the SDK does it with the stack of an error.
  const plain = (line: string) => printableColours(options.color ? line : stripVTControlCharacters(line));
  const write = (lines: readonly string[]) => {
    if (lines.length > 0) stream.write(`${lines.map(plain).join("\n")}\n`);
  };
  const live = options.isTerminal && !options.suppressProgress && !options.diff;
  const picture = live
    ? createPicture(stream as NodeJS.WriteStream, () => treeLines(rows, treeOptions()).map(plain))
    : undefined;
  const treeOptions = () => ({
    paint,
    preview,
    now: now(),
    columns: "columns" in stream ? (stream.columns ?? 120) : 120,
    showSame: options.showSame ?? false,
  });

  function show(row: Row | undefined, event: EngineEvent): void {
    if (picture) picture.draw();
    else if (row && !options.suppressProgress) write(options.diff ? diffOf(row, event) : plainLine(row, event));
  }

  function diffOf(row: Row, event: EngineEvent): string[] {
    const step = event.resOutputsEvent ? undefined : shownStep(event);
    return step && !isReplacementPart(step) ? diffLines(row, paint) : [];
  }

  function plainLine(row: Row, event: EngineEvent): string[] {
    const { diagnosticEvent } = event;
    const step = shownStep(event);
    if (step ? !isWorthALine(step, row) : !diagnosticEvent) return [];
    const { sign, style } = stepWords[step?.op ?? row.op];
    const status = step
      ? rowStatus({ ...row, op: step.op }, preview, now())
      : `${diagnosticEvent?.prefix ?? ""}${diagnosticEvent?.message.trim().split("\n")[0]}`;
    const line = `${shortType(row.type)} ${row.name} ${status ?? ""} ${step ? rowInfo(row) : ""}`;
    return [`${paint(style, ` ${sign.padEnd(2)}`)} ${line}`.trimEnd()];
  }

  const told = new Set<string>();
  /** What a refresh finds takes the place of the refresh itself. */
  function isNew({ urn, op }: StepEventMetadata): boolean {
    const key = `${urn} ${op}`;
    return op !== "refresh" && !told.has(key) && told.add(key) !== undefined;
  }

  /** A preview says each thing once, an operation when it begins and when it ends. */
  function isWorthALine(step: StepEventMetadata, row: Row): boolean {
    if (row.status === "failed") return true;
    if (step.op === "same") return options.showSame === true;
    if (preview) return !isReplacementPart(step) && isNew(step);
    // Its parts are said already.
    return step.op !== "replace";
  }

  function finish(event: EngineEvent): void {
    if (!event.summaryEvent) return;
    picture?.close();
    const all = [...rows.byUrn.values()];
    const root = all.find(({ type }) => type === ROOT_STACK_TYPE)?.step;
    const errored = all.filter((row) => row.diagnostics.some(({ severity }) => severity === "error")).length;
    write([
      ...diagnosticLines(rows, paint),
      ...(options.suppressOutputs ? [] : outputsOf(root)),
      ...summaryLines(event.summaryEvent, errored, paint),
    ]);
  }

  /** A preview shows outputs that change; what a stack had that is gone is of no use any more. */
  function outputsOf(root: StepEventMetadata | undefined): string[] {
    const [olds, news] = [root?.old?.outputs ?? {}, root?.new?.outputs ?? {}];
    if (root?.op === "delete" || (preview && equal(olds, news))) return [];
    return outputLines(olds, news, paint);
  }

  if (options.title !== undefined) write([paint("magenta", options.title)]);
  return {
    onEvent(event) {
      const row = rows.apply(event);
      if (row) show(row, event);
      finish(event);
    },
    close: () => picture?.close(),
  };
}

/** Draws at most ten times a second, and once a second for the clocks in it. */
function createPicture(stream: NodeJS.WriteStream, lines: () => string[]) {
  const update = createLogUpdate(stream, { showCursor: true });
  let due: NodeJS.Timeout | undefined;
  const paintNow = () => {
    due = undefined;
    const height = Math.max(1, (stream.rows ?? 40) - 1);
    const all = lines();
    // What does not fit would be drawn again and again below itself.
    update((all.length > height ? [all[0] ?? "", ...all.slice(1 - height)] : all).join("\n"));
  };
  const clock = setInterval(paintNow, 1000);
  clock.unref();
  let open = true;
  return {
    draw() {
      due ??= setTimeout(paintNow, 100);
    },
    close() {
      if (!open) return;
      open = false;
      clearInterval(clock);
      clearTimeout(due);
      update(lines().join("\n"));
      update.done();
    },
  };
}
