/** What stands above all else: each stack in a few words, what will be felt, and what goes. */
import { kindNameOf } from "../compared.ts";
import { shortened, toMarkdown } from "../escape.ts";
import {
  type ChangeKind,
  type Finding,
  type Phrase,
  type Report,
  type ResourceChange,
  say,
  type StackDiff,
} from "../model.ts";
import { codes, separated, table } from "./phrases.ts";

const done: Record<ChangeKind, string> = {
  delete: "deleted",
  replace: "replaced",
  create: "created",
  update: "updated",
  import: "imported",
  read: "read",
  forget: "forgotten",
  rename: "renamed or moved",
  options: "with other protection",
};

/** In place of what it would be. */
const refusedWords = "refused, protected";

const outcomeOf = (change: ResourceChange): string =>
  change.protected
    ? `${change.kind === "replace" ? "replacement" : "deletion"} refused, it is protected`
    : done[change.kind];

const statusWords: Partial<Record<StackDiff["status"], string>> = {
  broken: "cannot be deployed",
  gone: "settings removed",
};

/** Stacks of which the same is said, together. */
export function headline({ stacks }: Report): { names: string[]; words: string }[] {
  const said = new Map<string, string[]>();
  for (const stack of stacks) {
    const words = statusWords[stack.status] ?? wordsOf(stack);
    said.set(words, [...(said.get(words) ?? []), stack.stack]);
  }
  return [...said].map(([words, names]) => ({ names, words }));
}

function wordsOf(stack: StackDiff): string {
  if (stack.status !== "unchanged") return countsOf(stack);
  return stack.settings.length > 0 ? "no resource changes" : "unchanged";
}

function countsOf({ status, changes, outputs, unchanged }: StackDiff): string {
  const counts = (Object.keys(done) as ChangeKind[]).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind && !change.protected).length;
    return count === 0 ? [] : [`${count} ${done[kind]}`];
  });
  const refused = changes.filter((change) => change.protected).length;
  if (refused > 0) counts.unshift(`${refused} ${refusedWords}`);
  if (counts.length === 0 && outputs.length > 0) counts.push("only outputs change");
  if (status === "new") return ["new stack", ...counts].join(", ");
  return [...counts, `${unchanged} unchanged`].join(", ");
}

const marks: Record<Finding["weight"], string> = { danger: "🔴", caution: "🟠", notice: "⚪" };

export function findingLines({ findings, stacks }: Report): string[] {
  const isAlone = stacks.length === 1;
  return findings.map(({ weight, phrase, stacks: where }) => {
    const scope: Phrase = isAlone || where.length === 0 ? [] : ["**", ...codes(where), "**: "];
    return toMarkdown([`- ${marks[weight]} `, ...scope, ...phrase]);
  });
}

interface Going {
  stacks: string[];
  change: ResourceChange;
}

/** Deletions first; the same of several stacks together. */
export function goingIn({ stacks }: Report): Going[] {
  const found = new Map<string, Going>();
  for (const { stack, changes } of stacks)
    for (const change of changes) {
      if (change.kind !== "delete" && change.kind !== "replace" && change.kind !== "forget") continue;
      const { kind, type, name, reasons } = change;
      const key = JSON.stringify([kind, type, name, reasons, change.protected]);
      const known = found.get(key);
      if (known) known.stacks.push(stack);
      else found.set(key, { stacks: [stack], change });
    }
  const rank = ({ change }: Going): number => (change.kind === "replace" ? 1 : 0);
  return [...found.values()].toSorted((one, other) => rank(one) - rank(other));
}

export const goingHeader = ["Stack", "", "Resource", "Because of"];

export const goingTable = (going: Going[]): string[] => table(goingHeader, goingRows(going));

export const goingRows = (going: Going[]): Phrase[][] =>
  going.map(({ stacks, change }) => [
    codes(stacks),
    [outcomeOf(change)],
    codes([kindNameOf(change.type), change.name], " "),
    reasonsOf(change),
  ]);

function reasonsOf({ reasons }: ResourceChange): Phrase {
  return separated(
    reasons.map(({ path, because }) => (because === undefined ? say`${path}` : say`${path} (${because} is replaced)`)),
  );
}

const longestName = 80;

/** Where the table would be too long: every one of them all the same. */
export function goingCompact(going: Going[]): string[] {
  return going.map(({ stacks, change }) => {
    const name = shortened(`${kindNameOf(change.type)} ${change.name}`, longestName);
    const why = codes(change.reasons.slice(0, 3).map(({ path }) => shortened(path, 40)));
    const where = codes(stacks.map((stack) => shortened(stack, 40)));
    return toMarkdown([
      `- ${outcomeOf(change)}: `,
      { code: name },
      " in ",
      ...where,
      ...(why.length > 0 ? [": ", ...why] : []),
    ]);
  });
}
