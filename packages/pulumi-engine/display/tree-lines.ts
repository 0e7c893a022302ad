import type { Row, Rows } from "./rows.ts";
import { stepWords } from "./operations.ts";
import { type Paint, formatSeconds } from "./text.ts";

export interface TreeOptions {
  paint: Paint;
  preview: boolean;
  /** Milliseconds, as the rows have it. */
  now: number;
  columns: number;
  /** Whether resources that do not change are shown too. */
  showSame: boolean;
}

interface Cells {
  row: Row;
  type: string;
  name: string;
  status: string;
  info: string;
}

/** The rows as a tree below the stack: sign, type, name, status and what else there is to say. */
export function treeLines(rows: Rows, options: TreeOptions): string[] {
  const cells = inTreeOrder(rows, options.showSame).map(({ row, prefix }) => toCells(row, prefix, options));
  const width = (name: "type" | "name" | "status") => Math.max(name.length, ...cells.map((cell) => cell[name].length));
  const widths = { type: width("type"), name: width("name"), status: width("status") };
  const line = (sign: string, cell: Omit<Cells, "row">) =>
    ` ${sign.padEnd(2)} ${cell.type.padEnd(widths.type)}  ${cell.name.padEnd(widths.name)}  ${cell.status.padEnd(widths.status)}  ${cell.info}`
      .slice(0, options.columns)
      .trimEnd();
  const head = line("", { type: "Type", name: "Name", status: options.preview ? "Plan" : "Status", info: "Info" });
  const body = cells.map((cell) => options.paint(styleOf(cell.row), line(stepWords[cell.row.op].sign, cell)));
  return [options.paint("bold", head), ...body];
}

function toCells(row: Row, prefix: string, options: TreeOptions): Cells {
  return {
    row,
    type: `${prefix}${shortType(row.type)}`,
    name: row.name,
    status: rowStatus(row, options.preview, options.now),
    info: rowInfo(row),
  };
}

function styleOf(row: Row) {
  return row.status === "failed" ? "red" : stepWords[row.op].style;
}

/** `creating (3s)`, `created (3.2s)`, `create` in a preview. */
export function rowStatus(row: Row, preview: boolean, now: number): string {
  const words = stepWords[row.op];
  if (row.status === "failed") return `${words.doing || "operation"} failed`;
  if (row.op === "same") return "";
  if (preview) return words.plan;
  if (row.status === "under way") return `${words.doing} (${Math.floor((now - row.startedAt) / 1000)}s)`;
  return `${words.done} (${formatSeconds(((row.endedAt ?? now) - row.startedAt) / 1000)})`;
}

/** What the row says last, or how much it has said, and which properties change. */
export function rowInfo(row: Row): string {
  const changed =
    row.step?.old && row.step.new ? [...new Set([...(row.step.diffs ?? []), ...(row.step.keys ?? [])])] : [];
  const counts = (["error", "warning"] as const).flatMap((severity) => {
    const count = row.diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
    return count > 0 ? [`${count} ${severity}${count === 1 ? "" : "s"}`] : [];
  });
  return [
    ...(changed.length > 0 ? [`[diff: ${changed.map((key) => `~${key}`).join(",")}]`] : []),
    ...(row.progress ? [row.progress] : []),
    ...counts,
  ].join("; ");
}

/** `aws:lambda/function:Function` is `aws:lambda:Function` to a reader. */
export function shortType(type: string): string {
  const [pkg, module, name] = type.split(":");
  const [folder, file] = module?.split("/") ?? [];
  return file && name && file.toLowerCase() === name.toLowerCase() ? `${pkg}:${folder}:${name}` : type;
}

function inTreeOrder({ byUrn }: Rows, showSame: boolean): { row: Row; prefix: string }[] {
  const shown = new Set<string>();
  for (const row of byUrn.values()) {
    if (!showSame && !isWorthShowing(row)) continue;
    // It comes with what is above it, so that it hangs on something.
    for (let at: Row | undefined = row; at && !shown.has(at.urn); at = byUrn.get(at.parent ?? "")) shown.add(at.urn);
  }
  const children = new Map<string, Row[]>();
  for (const row of byUrn.values()) {
    if (!shown.has(row.urn)) continue;
    const parent = row.parent && shown.has(row.parent) ? row.parent : "";
    children.set(parent, [...(children.get(parent) ?? []), row]);
  }
  const list: { row: Row; prefix: string }[] = [];
  const walk = (rows: Row[], indent: string, root: boolean): void => {
    for (const [index, row] of rows.entries()) {
      const last = index === rows.length - 1;
      list.push({ row, prefix: root ? "" : `${indent}${last ? "└─ " : "├─ "}` });
      walk(children.get(row.urn) ?? [], root ? "" : `${indent}${last ? "   " : "│  "}`, false);
    }
  };
  walk(children.get("") ?? [], "", true);
  return list;
}

function isWorthShowing(row: Row): boolean {
  return (
    row.type === "pulumi:pulumi:Stack" || row.op !== "same" || row.status === "failed" || row.diagnostics.length > 0
  );
}
