/** The differences themselves, folded away: one block for each resource, the ones that matter most first. */
import { kindNameOf } from "../compared.ts";
import { codeBlock, shortened, toHtml } from "../escape.ts";
import { digestText, type PropertyChange, type Report, type ResourceChange } from "../model.ts";
import { codes, sizeOf } from "./phrases.ts";
import { followsFromCode, symbols } from "./stack-tables.ts";

interface Block {
  stacks: string[];
  text: string;
  rank: number;
}

const ranks: Record<ResourceChange["kind"], number> = {
  delete: 0,
  forget: 0,
  replace: 1,
  update: 2,
  options: 2,
  rename: 2,
  import: 3,
  read: 3,
  create: 4,
};
const longestValue = 400;

/** Writes as many blocks as fit into the size, and how many are left out. */
export function propertyBlocks(report: Report, size: number): { lines: string[]; leftOut: number } {
  const blocks = blocksOf(report);
  const chosen = new Set<Block>();
  let left = size;
  for (const block of blocks.toSorted((one, other) => one.rank - other.rank)) {
    const needed = sizeOf(block.text) + overhead + sizeOf(toHtml(codes(block.stacks)));
    if (needed > left) continue;
    left -= needed;
    chosen.add(block);
  }
  const groups = Map.groupBy(
    blocks.filter((block) => chosen.has(block)),
    ({ stacks }) => toHtml(codes(stacks)),
  );
  const lines = [...groups].flatMap(([names, group]) => fold(`Properties in ${names}`, group));
  return { lines, leftOut: blocks.length - chosen.size };
}

/** The characters of the element around a block. */
const overhead = 120;

/** @param summary HTML: Markdown is not read there */
function fold(summary: string, blocks: Block[]): string[] {
  const texts = blocks.flatMap(({ text }) => [text, ""]);
  return ["<details>", `<summary>${summary}</summary>`, "", ...texts, "</details>", ""];
}

function blocksOf({ stacks }: Report): Block[] {
  const found = new Map<string, Block>();
  const add = (stack: string, title: string, properties: PropertyChange[], rank: number): void => {
    // What follows from new code is said in the table.
    const lines = properties.every(followsFromCode) ? [] : properties.flatMap(linesOf);
    if (lines.length === 0) return;
    const text = codeBlock([title, ...lines], "diff");
    const known = found.get(text);
    if (known) known.stacks.push(stack);
    else found.set(text, { stacks: [stack], text, rank });
  };
  for (const { stack, changes, settings, outputs } of stacks) {
    add(stack, "~ configuration", settings, 2);
    for (const { kind, type, name, properties } of changes)
      add(stack, `${symbols[kind]} ${kindNameOf(type)} ${name}`, properties, ranks[kind]);
    add(stack, "~ outputs", outputs, 4);
  }
  return [...found.values()];
}

export function linesOf({ path, kind, former, now, secret, replaces }: PropertyChange): string[] {
  const why = replaces ? "   (forces the replacement)" : "";
  if (secret)
    return [
      `! ${path}: ${{ add: "a secret is added", remove: "a secret is removed", change: "the secret changes" }[kind]}${why}`,
    ];
  if (former === digestText) return [`! ${path}: another digest${why}`];
  if (kind === "change" && former === "[archive]") return [`! ${path}: other code${why}`];
  return [
    ...(kind === "add" ? [] : [`- ${path}: ${shown(former)}${why}`]),
    ...(kind === "remove" ? [] : [`+ ${path}: ${shown(now)}${kind === "add" ? why : ""}`]),
  ];
}

const shown = (value: unknown): string =>
  shortened(typeof value === "string" ? value : JSON.stringify(value), longestValue);
