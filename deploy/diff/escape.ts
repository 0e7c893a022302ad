/** The one place where text of unknown origin becomes Markdown or HTML. */

/** Line ends, other controls, and what turns the direction of writing, or cannot be seen, are spelled out. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{115f}\u{1160}\u{3164}\u{ffa0}]/gu;

export function visible(text: string): string {
  return text.replaceAll(hidden, (character) =>
    character === "\n" ? "⏎" : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** A code span: nothing in it is Markdown, HTML, a mention or a reference to an issue. */
export function codeSpan(text: string): string {
  const shown = visible(text).trim();
  if (shown === "") return "`(empty)`";
  const fence = "`".repeat(longestRun(shown) + 1);
  const pad = shown.startsWith("`") || shown.endsWith("`") ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** A code span inside of a table, whose cells end at a pipe even there. */
export function cellSpan(text: string): string {
  return codeSpan(text).replaceAll(/\\*\|/g, (pipe) => `${"\\".repeat(2 * (pipe.length - 1))}\\|`);
}

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
