import { toCell } from "../escape.ts";
import { type Phrase, say } from "../model.ts";

/** Texts of elsewhere, one after another. */
export const codes = (texts: string[], separator = ", "): Phrase =>
  separated(
    texts.map((text) => say`${text}`),
    separator,
  );

export const separated = (phrases: Phrase[], separator = ", "): Phrase =>
  phrases.flatMap((phrase, index) => (index === 0 ? phrase : [separator, ...phrase]));

/** The size as GitHub may count it: at least as many as there are characters. */
export const sizeOf = (text: string): number => Buffer.byteLength(text);

/** Writes as many lines as fit, and how many more there are. */
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

export function table(header: string[], rows: Phrase[][]): string[] {
  const row = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [row(header), row(header.map(() => "---")), ...rows.map((cells) => row(cells.map(toCell)))];
}
