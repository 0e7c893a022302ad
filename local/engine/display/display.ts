import { createLogUpdate } from "log-update";
import type { EngineEvent } from "../core/events.ts";
import { createPaint } from "./text.ts";
import { diagnosticLines, diffLines, outputLines, summaryLines } from "./report-lines.ts";
import { stepWords } from "./operations.ts";
import { type Row, createRows } from "./rows.ts";
import { rowInfo, rowStatus, shortType, treeLines } from "./tree-lines.ts";

export interface DisplayOptions {
  stream: NodeJS.WriteStream | NodeJS.WritableStream;
  /** A live tree; plain lines otherwise. */
  isTerminal: boolean;
  color: boolean;
  /** The first line, such as `Updating (dev):`. */
  title?: string;
  preview: boolean;
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
  const rows = createRows(now);
  const write = (lines: readonly string[]) => {
    if (lines.length > 0) stream.write(`${lines.join("\n")}\n`);
  };
  const live = options.isTerminal && !options.suppressProgress && !options.diff;
  const picture = live ? createPicture(stream as NodeJS.WriteStream, () => treeLines(rows, treeOptions())) : undefined;
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

  const diffOf = (row: Row, event: EngineEvent) =>
    event.resourcePreEvent || event.resOpFailedEvent ? diffLines(row, paint) : [];

  function plainLine(row: Row, event: EngineEvent): string[] {
    const isStep = event.resourcePreEvent || event.resOutputsEvent || event.resOpFailedEvent;
    if (isStep && row.op === "same" && row.status !== "failed" && !options.showSame) return [];
    // A preview's two events of a step say the same.
    if (preview && event.resourcePreEvent) return [];
    const { sign, style } = stepWords[row.op];
    const text = event.diagnosticEvent
      ? event.diagnosticEvent.message.trim().split("\n")[0]
      : rowStatus(row, preview, now());
    const info = event.diagnosticEvent ? "" : rowInfo(row);
    return [`${paint(style, ` ${sign.padEnd(2)}`)} ${shortType(row.type)} ${row.name} ${text ?? ""} ${info}`.trimEnd()];
  }

  function finish(event: EngineEvent): void {
    if (!event.summaryEvent) return;
    picture?.close();
    const root = [...rows.byUrn.values()].find((row) => row.type === "pulumi:pulumi:Stack")?.step;
    write([
      ...diagnosticLines(rows, paint),
      ...(options.suppressOutputs ? [] : outputLines(root?.old?.outputs ?? {}, root?.new?.outputs ?? {}, paint)),
      ...summaryLines(event.summaryEvent, paint),
    ]);
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
