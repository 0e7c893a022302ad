import type { PropertyMap } from "../contracts/contracts.ts";
import type { SummaryEvent } from "../contracts/events.ts";
import { countedSteps, stepWords } from "./operations.ts";
import { formatValue, formatWhole, lineStyles, propertyLines } from "./property-lines.ts";
import type { Row, Rows } from "./rows.ts";
import { type Paint, formatSeconds } from "./text.ts";

/** What is shown after the last step: diagnostics, outputs, counts. */
export function diagnosticLines(rows: Rows, paint: Paint): string[] {
  const speakers = [...rows.byUrn.values()].filter((row) => row.diagnostics.length > 0);
  if (speakers.length === 0) return [];
  return ["", paint("bold", "Diagnostics:"), ...speakers.flatMap((row) => rowDiagnostics(row, paint))].slice(0, -1);
}

const severityStyles = { error: "red", warning: "yellow", info: "cyan", "info#err": "dim" } as const;

function rowDiagnostics(row: Row, paint: Paint): string[] {
  const messages = row.diagnostics.flatMap(({ severity, prefix, message }) => {
    const [first = "", ...rest] = message.trimEnd().split("\n");
    return [`    ${paint(severityStyles[severity], prefix ?? "")}${first}`, ...rest.map((line) => `    ${line}`)];
  });
  return [`  ${paint("cyan", `${row.type} (${row.name}):`)}`, ...messages, ""];
}

/** The stack's outputs; a value that changed with what it was. */
export function outputLines(olds: PropertyMap, news: PropertyMap, paint: Paint): string[] {
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].toSorted();
  if (names.length === 0) return [];
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => {
    const [old, now] = [olds[name], news[name]].map((value) => (value === undefined ? undefined : formatValue(value)));
    const label = name.padEnd(width);
    if (old === now || (old === undefined && Object.keys(olds).length === 0))
      return `    ${label}: ${formatWhole(news[name] ?? null, "    ")}`;
    if (old === undefined) return paint("green", `  + ${label}: ${now}`);
    if (now === undefined) return paint("red", `  - ${label}: ${old}`);
    return paint("yellow", `  ~ ${label}: ${old} => ${now}`);
  });
  return ["", paint("bold", "Outputs:"), ...lines];
}

/** @param errored how many resources reported errors */
export function summaryLines(
  { resourceChanges, isPreview, durationSeconds }: SummaryEvent,
  errored: number,
  paint: Paint,
): string[] {
  const counted = countedSteps.flatMap(([op, done]) => {
    const count = resourceChanges[op] ?? 0;
    return count > 0 ? [{ op, count, done }] : [];
  });
  const counts = counted.map(({ op, count, done }) => {
    const { sign, style } = stepWords[op];
    return `    ${paint(style, `${sign.padEnd(2)}${count} ${isPreview ? `to ${op}` : done}`)}`;
  });
  const sum = counted.reduce((total, { count }) => total + count, 0);
  const { same = 0 } = resourceChanges;
  const totals = [
    ...(counted.length > 1 ? [paint("bold", plural(sum, "change"))] : []),
    ...(same > 0 ? [`${same} unchanged`] : []),
  ];
  const lines = [
    ...counts,
    ...(totals.length > 0 ? [`    ${totals.join(". ")}`] : []),
    ...(errored > 0 ? [`    ${paint("red", `${errored} errored`)}`] : []),
  ];
  const duration = isPreview ? [] : ["", `${paint("bold", "Duration:")} ${formatSeconds(durationSeconds)}`];
  return ["", paint("bold", "Resources:"), ...(lines.length > 0 ? lines : ["    none"]), ...duration];
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** A step with its property lines, for `--diff`. */
export function diffLines(row: Row, paint: Paint): string[] {
  const { step } = row;
  if (!step || step.op === "same") return [];
  const { sign, style, plan } = stepWords[step.op];
  const state = step.new ?? step.old;
  const head = paint(style, `${sign.padEnd(2)} ${step.type}: (${plan})`);
  const identity = [...(state?.id ? [`    [id=${state.id}]`] : []), `    [urn=${step.urn}]`];
  const properties = propertyLines(step).map(({ sign, depth, text }) => {
    const line = `  ${sign} ${"  ".repeat(depth)}${text}`;
    const lineStyle = lineStyles[sign];
    return lineStyle ? paint(lineStyle, line) : line;
  });
  return [head, ...identity, ...properties];
}
