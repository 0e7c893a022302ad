/**
 * What a terminal obeys, and a reader does not see: controls (C0 with line ends, DEL, C1), line and paragraph
 * separators, and what turns the direction of writing.
 */
const obeyed = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const names: Readonly<Record<string, string>> = { "\n": String.raw`\n`, "\r": String.raw`\r`, "\t": String.raw`\t` };

const spellOut = (character: string): string =>
  names[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A text that others wrote, on one line, with nothing in it that a terminal would obey. */
export const printable = (text: string): string => text.replaceAll(obeyed, spellOut);

/** A text of ours, of several lines, that may quote others. */
export const printableLines = (text: string): string => text.split("\n").map(printable).join("\n");

/** What a program says in its own colours, which are all that is left of what a terminal obeys. */
export const printableColours = (text: string): string =>
  text
    .split(colourOrLayout)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join("");

// oxlint-disable-next-line no-control-regex -- that is what a colour begins with
const colourOrLayout = /(\u001b\[[\d;]*m|[\n\t])/;

/** JSON, in which nothing but its own escapes is left. */
export const printableJson = (value: unknown, indent?: number): string =>
  printableLines(JSON.stringify(value, undefined, indent));
