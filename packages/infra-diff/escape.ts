/** The one place where text of unknown origin becomes Markdown or HTML, and where such texts come to stand together. */
import type { Phrase } from "./model.ts";

/** A line of Markdown: our words as they are, all else as code. */
export const toMarkdown = (phrase: Phrase): string => joinMarkdown(phrase, codeSpan);

/** The same inside of a table. */
export const toCell = (phrase: Phrase): string => joinMarkdown(phrase, cellSpan);

export const toHtml = (phrase: Phrase): string =>
  phrase.map((part) => (typeof part === "string" ? html(part) : `<code>${html(toShown(part.code))}</code>`)).join("");

/** A code span ends only at as many backticks as it begins with: the fences of two neighbours must not become one. */
function joinMarkdown(phrase: Phrase, span: (text: string) => string): string {
  return phrase.reduce<string>((line, part) => {
    const piece = typeof part === "string" ? part : span(part.code);
    return line.endsWith("`") && piece.startsWith("`") ? `${line} ${piece}` : line + piece;
  }, "");
}

/** A URL has no angle bracket once it is read; a backslash in its query would take our own with it. */
export const link = (words: string, url: string): string =>
  `[${words}](<${new URL(url).href.replaceAll("\\", "%5C")}>)`;

/** Line ends, other controls, and what turns the direction of writing, or cannot be seen, are spelled out. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{115f}\u{1160}\u{3164}\u{ffa0}]/gu;

export function visible(text: string): string {
  return text.replaceAll(hidden, (character) =>
    character === "\n" ? "⏎" : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** A code span: nothing in it is Markdown, HTML, a mention or a reference to an issue. */
function codeSpan(text: string): string {
  const shown = toShown(visible(text));
  const fence = "`".repeat(longestRun(shown) + 1);
  const pad = shown.startsWith("`") || shown.endsWith("`") ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** A code span inside of a table, whose cells end at a pipe even there. */
function cellSpan(text: string): string {
  return codeSpan(text).replaceAll(/\\*\|/g, (pipe) => `${"\\".repeat(2 * (pipe.length - 1))}\\|`);
}

const toShown = (text: string): string => text.trim() || "(empty)";

/** A block of lines; each is one line, whatever it holds. */
export function codeBlock(lines: string[], language = ""): string {
  const shown = lines.map(visible);
  const fence = "`".repeat(Math.max(3, longestRun(shown.join("\n")) + 1));
  return [`${fence}${language}`, ...shown, fence].join("\n");
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function html(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** At most so many characters, without half of one. */
export function shortened(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}
