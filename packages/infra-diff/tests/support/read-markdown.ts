/** Reads Markdown with a parser of GitHub's dialect, and throws where anything in it is more than a report may hold. */
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

export interface Reading {
  /** The texts of all code spans and of all lines in code blocks. */
  code: string[];
  headings: string[];
  /** The texts that are no code, one after another. */
  words: string[];
}

type Root = ReturnType<typeof fromMarkdown>;
type Nodes = Root | Root["children"][number];

const ownHtml = /^(?:<details>\n<summary>(?:[^<>]|<code>[^<>]*<\/code>)*<\/summary>|<\/details>)$/;
const ownLink = /^\[(?:The whole report|this run)\]\(<https:\/\/[^\s<>()]+>\)$/;
const plain = new Set("root heading paragraph list listItem strong table tableRow tableCell thematicBreak".split(" "));

/** What GitHub makes more of than the dialect does: mentions, references to issues and commits, emoji, formulas. */
const live =
  /[<>@\\[\]_*`$&]|#\d|GH-\d|:\w+:|https?:\/\/|www\.|\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b|[A-Za-z]\.[A-Za-z0-9]|[\u202a-\u202e\u2066-\u2069]/;

export function readMarkdown(text: string): Reading {
  const tree = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const reading: Reading = { code: [], headings: [], words: [] };
  let details = 0;
  const read = (node: Nodes): void => {
    const source = text.slice(node.position?.start.offset, node.position?.end.offset);
    if (node.type === "inlineCode") reading.code.push(node.value);
    else if (node.type === "code") reading.code.push(...node.value.split("\n"));
    else if (node.type === "text") reading.words.push(wordsOf(node.value));
    else if (node.type === "html") details += detailsIn(source);
    else if (node.type === "link") assert(ownLink.test(source), `a link that is not ours: ${source}`);
    else assert(plain.has(node.type), `more than words and code: ${node.type}: ${source}`);
    assert(details === 0 || details === 1, "details that do not nest");
    if (node.type === "table") checkColumns(node.children.map(({ children }) => children.length));
    if (node.type === "heading") reading.headings.push(source.replace(/^#+ /, ""));
    if ("children" in node && node.type !== "link") for (const child of node.children) read(child);
  };
  read(tree);
  assert(details === 0, "details that do not end");
  return reading;
}

function assert(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}

function wordsOf(text: string): string {
  assert(!live.test(text), `more than words: ${text}`);
  return text;
}

function detailsIn(source: string): number {
  assert(ownHtml.test(source), `HTML that is not ours: ${source}`);
  return source.startsWith("</") ? -1 : 1;
}

function checkColumns(counts: number[]): void {
  assert(new Set(counts).size === 1, `rows of ${counts.join(", ")} cells`);
}
