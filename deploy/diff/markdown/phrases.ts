import { codeSpan } from "../escape.ts";
import type { Phrase } from "../model.ts";

/** Our words as they are, all else as code. */
export const toMarkdown = (phrase: Phrase, span: (text: string) => string = codeSpan): string =>
  phrase.map((part) => (typeof part === "string" ? part : span(part.code))).join("");

/** The size as GitHub may count it: at least as many as there are characters. */
export const sizeOf = (text: string): number => Buffer.byteLength(text);

/** As many lines as fit, and how many more there are. */
export function cut(lines: string[], size: number, more: (count: number) => string): string[] {
  const total = lines.reduce((sum, line) => sum + sizeOf(line) + 1, 0);
  if (total <= size) return lines;
  const kept: string[] = [];
  let left = size - sizeOf(more(lines.length)) - 1;
  for (const line of lines) {
    left -= sizeOf(line) + 1;
    if (left < 0) break;
    kept.push(line);
  }
  return [...kept, more(lines.length - kept.length)];
}

export function table(header: string[], rows: string[][]): string[] {
  const row = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [row(header), row(header.map(() => "---")), ...rows.map(row)];
}
