/**
 * The report as GitHub shows it. What is above the fold is always whole; what is folded away is left out where the
 * whole would be too long for a comment.
 */
import { codeBlock, link, toMarkdown } from "../escape.ts";
import { type Phrase, type Report, say } from "../model.ts";
import { codeCounts, codeLines, dependencyLines } from "./code.ts";
import { codes, cut, sizeOf } from "./phrases.ts";
import { propertyBlocks } from "./property-blocks.ts";
import { stackTables } from "./stack-tables.ts";
import { findingLines, goingCompact, goingIn, goingTable, headline } from "./summary.ts";

export interface MarkdownOptions {
  /** Where the whole report is. */
  fullReportUrl?: string | undefined;
  /** In bytes, which are never fewer than characters. GitHub's limit is 65,536 characters. */
  limit?: number;
}

interface Detail {
  tables: boolean;
  files: boolean;
  going: "table" | "list";
}

/** The forms of a report, from the richest to the poorest. */
const details: Detail[] = [
  { tables: true, files: true, going: "table" },
  { tables: true, files: false, going: "table" },
  { tables: false, files: false, going: "table" },
  { tables: false, files: false, going: "list" },
];

export function renderMarkdown(report: Report, { fullReportUrl, limit = 65_000 }: MarkdownOptions = {}): string {
  const room = limit - reserve - sizeOf(fullReportUrl ?? "");
  const frames = details.map((detail) => frameOf(report, detail));
  const frame =
    frames.find((lines) => sizeOf(lines.top.join("\n")) + sizeOf(lines.bottom.join("\n")) <= room) ??
    shortest(report, room);
  const left = room - sizeOf(frame.top.join("\n")) - sizeOf(frame.bottom.join("\n"));
  const { lines, leftOut } = propertyBlocks(report, left);
  const missing = [...(leftOut > 0 ? [`${leftOut} property diffs`] : []), ...frame.missing];
  return [...frame.top, ...lines, ...frame.bottom, ...pointer(missing, fullReportUrl)].join("\n").trimEnd() + "\n";
}

/** For the sentence on what is left out. */
const reserve = 600;

interface Frame {
  top: string[];
  bottom: string[];
  missing: string[];
}

function frameOf(report: Report, { tables, files, going }: Detail): Frame {
  const leaving = goingIn(report);
  const findings = findingLines(report);
  return {
    top: [
      ...opening(report),
      ...(findings.length > 0 ? ["### What will be felt", "", ...findings, ""] : []),
      ...(leaving.length > 0
        ? ["### Deleted and replaced", "", ...(going === "table" ? goingTable(leaving) : goingCompact(leaving)), ""]
        : []),
      ...(tables ? stackTables(report) : []),
    ],
    bottom: [...codeOf(report, files), ...notesOf(report)],
    missing: tables ? [] : ["the tables of the stacks"],
  };
}

/** Thousands of changes: as much as there is room for, and how many more there are. */
function shortest(report: Report, room: number): Frame {
  const top = opening(report);
  const bottom = [...codeOf(report, false), ...cut(notesOf(report), room / 10, (count) => `- and ${count} more notes`)];
  const left = room - sizeOf(top.join("\n")) - sizeOf(bottom.join("\n")) - 200;
  const more = (count: number): string => `- and ${count} more`;
  return {
    top: [
      ...cut(top, room / 4, more),
      "### What will be felt",
      "",
      ...cut(findingLines(report), left * 0.4, more),
      "",
      "### Deleted and replaced",
      "",
      ...cut(goingCompact(goingIn(report)), left * 0.5, more),
      "",
    ],
    bottom,
    missing: ["the tables of the stacks"],
  };
}

function opening(report: Report): string[] {
  const problems = failures(report.stacks).flatMap(({ names, problems }) => [
    toMarkdown([...codes(names), " cannot be deployed:"]),
    "",
    codeBlock(cutProblems(problems)),
    "",
  ]);
  if (isUnchanged(report)) {
    return ["## Infrastructure", "", toMarkdown(nothingChanges(report)), ""];
  }
  const heads = headline(report).map(({ names, words }) => toMarkdown(["- **", ...codes(names), `**: ${words}`]));
  return ["## Infrastructure", "", ...heads, "", ...problems];
}

/** Stacks that fail for the same reason, together. */
function failures(stacks: Report["stacks"]): { names: string[]; problems: string[] }[] {
  const found = new Map<string, { names: string[]; problems: string[] }>();
  for (const { stack, problems } of stacks.filter(({ problems }) => problems.length > 0)) {
    const key = problems.join("\n");
    found.set(key, { names: [...(found.get(key)?.names ?? []), stack], problems });
  }
  return [...found.values()];
}

export function nothingChanges({ stacks, code }: Report): Phrase {
  const files = code?.files.length ?? 0;
  const which = files === 0 ? "" : `: ${files === 1 ? "1 file changes" : `${files} files change`}, and no bundle does`;
  return ["Nothing that is deployed changes (", ...codes(stacks.map(({ stack }) => stack)), `)${which}.`];
}

export const isUnchanged = ({ stacks, findings }: Report): boolean =>
  findings.length === 0 && stacks.every(({ status, settings }) => status === "unchanged" && settings.length === 0);

/** A program's stack trace may be long. */
const cutProblems = (problems: string[]): string[] =>
  cut(
    problems.flatMap((problem) => problem.split("\n")),
    2000,
    (count) => `(${count} more lines)`,
  );

function codeOf(report: Report, files: boolean): string[] {
  const { code } = report;
  if (code === undefined) return [];
  if (isUnchanged(report)) return dependencyLines(code.dependencies);
  return files ? codeLines(code) : codeCounts(code);
}

function notesOf({ stacks, notes, base, head, mode }: Report): string[] {
  const said = new Map<string, { names: string[]; note: Phrase }>();
  for (const { stack, notes: own } of stacks)
    for (const note of own) {
      const key = JSON.stringify(note);
      said.set(key, { names: [...(said.get(key)?.names ?? []), stack], note });
    }
  return [
    "---",
    toMarkdown(provenance({ base, head, mode })),
    "",
    ...[...said.values()].map(({ names, note }) => toMarkdown(["- ", ...codes(names), ": ", ...note])),
    ...notes.map((note) => toMarkdown(["- ", ...note])),
  ];
}

/** What was compared with what. */
export function provenance({ base, head, mode }: Pick<Report, "base" | "head" | "mode">): Phrase {
  const side = ({ name, commit }: Report["base"]): Phrase =>
    commit === undefined || commit.startsWith(name) ? say`${name}` : say`${name} (${commit.slice(0, 10)})`;
  return mode === "live"
    ? [...side(head), " against what is deployed."]
    : [
        ...side(head),
        " against ",
        ...side(base),
        ", both evaluated without credentials: names, IDs and ARNs that AWS makes up are placeholders.",
      ];
}

function pointer(missing: string[], url: string | undefined): string[] {
  const whole = url === undefined ? undefined : link("The whole report", url);
  if (missing.length === 0) return whole === undefined ? [] : ["", whole];
  const where = `${whole ?? "The report as JSON"} has them.`;
  return ["", `Left out for length: ${missing.join(" and ")}. ${where}`];
}
