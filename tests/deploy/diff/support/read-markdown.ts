/**
 * Reads a report as GitHub does, as far as our reports go, and throws where anything in it is more than they may hold:
 * https://github.github.com/gfm/
 */
export interface Reading {
  /** The texts of all code spans and of all lines in code blocks. */
  code: string[];
  headings: string[];
}

const element = /^<\/?details>$|^<summary>[^<]*(?:<code>[^<]*<\/code>[^<]*)*<\/summary>$/;

export function readMarkdown(text: string): Reading {
  const reading: Reading = { code: [], headings: [] };
  const lines = text.split("\n");
  let depth = 0;
  let columns: number | undefined;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const [, fence] = /^(`{3,})(\w*)$/.exec(line) ?? [];
    if (fence !== undefined) {
      const end = lines.findIndex((other, at) => at > index && /^`+$/.test(other) && other.length >= fence.length);
      if (end < 0) throw new Error(`a code block that does not end: ${line}`);
      reading.code.push(...lines.slice(index + 1, end));
      index = end;
    } else if (element.test(line)) {
      depth += line === "<details>" ? 1 : line === "</details>" ? -1 : 0;
      if (depth < 0 || depth > 1) throw new Error("details that do not nest");
    } else if (line.startsWith("| ")) {
      const cells = cellsOf(line);
      columns ??= cells.length;
      if (cells.length !== columns) throw new Error(`${cells.length} cells in place of ${columns}: ${line}`);
      for (const cell of cells) readInline(cell, reading);
    } else {
      const [, heading] = /^#{2,3} (.*)$/.exec(line) ?? [];
      if (heading !== undefined) reading.headings.push(heading);
      if (/^( {4}|\t)/.test(line)) throw new Error(`an indented block: ${line}`);
      readInline(heading ?? line, reading);
    }
    if (!line.startsWith("| ")) columns = undefined;
  }
  if (depth !== 0) throw new Error("details that do not end");
  return reading;
}

/** A backslash takes the next punctuation with it, even another one. */
function cellsOf(line: string): string[] {
  const cells = [""];
  for (const [token] of line.slice(2, -2).matchAll(/\\[\\|]|[^|\\]+|\\|\|/g)) {
    if (token === "|") cells.push("");
    else cells[cells.length - 1] += token;
  }
  return cells.map((cell) => cell.trim().replaceAll(String.raw`\|`, "|"));
}

const link = /\[The whole report\]\(<https:\/\/[^\s<>()]+>\)/;

function readInline(text: string, reading: Reading): void {
  let rest = text.replace(link, "").replace(/^---$/, "");
  for (;;) {
    const [run] = /`+/.exec(rest) ?? [];
    if (run === undefined) break;
    const start = rest.indexOf(run);
    const inside = rest.slice(start + run.length);
    const end = [...inside.matchAll(/`+/g)].find(([other]) => other.length === run.length)?.index;
    if (end === undefined) throw new Error(`a code span that does not end: ${text}`);
    reading.code.push(inside.slice(0, end).trim());
    rest = `${rest.slice(0, start)}CODE${inside.slice(end + run.length)}`;
  }
  if (/[<>@\\[\]_~\u202e]|#\d|https?:|(?<!\*)\*(?!\*)|!\[/.test(rest.replaceAll(/^\| ~ \||^~$/g, "")))
    throw new Error(`more than words and code: ${rest}`);
}
