import { kindNameOf } from "../compared.ts";
import { toMarkdown } from "../escape.ts";
import {
  type ChangeKind,
  otherDigestText,
  type Phrase,
  type PropertyChange,
  type Report,
  type ResourceChange,
  say,
  type StackDiff,
  unknownText,
} from "../model.ts";
import { codes, separated, table } from "./phrases.ts";

export const symbols: Record<ChangeKind, string> = {
  create: "+",
  update: "~",
  replace: "±",
  delete: "−",
  read: ">",
  import: "=",
  forget: "−",
  rename: "→",
  options: "~",
};

export const stackHeader = ["", "Resource", "Type", "Changes"];

/** One table for all stacks whose table it is. */
export function stackTables({ stacks }: Report): string[] {
  const groups = new Map<string, string[]>();
  for (const stack of stacks) {
    const rows = rowsOf(stack);
    if (rows.length === 0) continue;
    const text = table(stackHeader, rows).join("\n");
    groups.set(text, [...(groups.get(text) ?? []), stack.stack]);
  }
  return [...groups].flatMap(([text, names]) => [`### ${toMarkdown(codes(names))}`, "", text, ""]);
}

export function rowsOf({ changes, outputs, settings }: StackDiff): Phrase[][] {
  const follow = changes.filter(isOfNewCode);
  const tagged = changes.filter((change) => isUpdateOf(change, isTag));
  const folded = new Set([...(follow.length > 1 ? follow : []), ...(tagged.length > 3 ? tagged : [])]);
  const plain = changes.filter((change) => !folded.has(change));
  return [
    ...plain.map(rowOf),
    ...(follow.length > 1 ? [foldedRow(follow, `${newsOf(follow)}, and what follows from it`)] : []),
    ...(tagged.length > 3 ? [foldedRow(tagged, "tags only")] : []),
    ...(settings.length > 0 ? [[["~"], ["configuration"], [], pathsOf(settings)]] : []),
    ...(outputs.length > 0 ? [[["~"], ["outputs"], [], pathsOf(outputs)]] : []),
  ];
}

function rowOf(change: ResourceChange): Phrase[] {
  const { kind, name, type, properties, formerUrn } = change;
  const what = kind === "create" || kind === "delete" ? [] : pathsOf(properties);
  const moved = formerUrn === undefined ? [] : ["renamed or moved"];
  const isSilent = kind === "update" && properties.length === 0;
  return [
    [symbols[kind]],
    say`${name}`,
    say`${kindNameOf(type)}`,
    isSilent
      ? ["only order or form"]
      : separated(
          [moved, what].filter(({ length }) => length > 0),
          ": ",
        ),
  ];
}

const foldedRow = (changes: ResourceChange[], words: string): Phrase[] => [
  ["~"],
  codes([...new Set(changes.map(({ name }) => name))].slice(0, 5)),
  codes([...new Set(changes.map(({ type }) => kindNameOf(type)))].slice(0, 5)),
  [`${words} (${changes.length})`],
];

const isUpdateOf = ({ kind, properties }: ResourceChange, test: (property: PropertyChange) => boolean): boolean =>
  kind === "update" && properties.length > 0 && properties.every(test);

const isTag = ({ path }: PropertyChange): boolean => path === "tags" || path.startsWith("tags.");

/** Other code and the version that is published of it: the rest of the change is in the files. */
const isOfNewCode = (change: ResourceChange): boolean => isUpdateOf(change, followsFromCode);

export const followsFromCode = ({ path, now, former }: PropertyChange): boolean =>
  (path === "code" && former === now) || now === otherDigestText || (now === unknownText && /version/i.test(path));

const newsOf = (changes: ResourceChange[]): string =>
  changes.some(({ properties }) => properties.some(({ path }) => path === "code")) ? "new code" : "a new version";

const most = 5;

function pathsOf(properties: PropertyChange[]): Phrase {
  const paths = [...new Set(properties.map(({ path }) => path))];
  const shown = codes(paths.slice(0, most));
  return paths.length > most ? [...shown, `, ${paths.length - most} more`] : shown;
}
