import { kindNameOf } from "../compared.ts";
import { cellSpan, codeSpan } from "../escape.ts";
import {
  type ChangeKind,
  otherDigestText,
  type PropertyChange,
  type Report,
  type ResourceChange,
  type StackDiff,
  unknownText,
} from "../model.ts";
import { table } from "./phrases.ts";

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

type Span = (text: string) => string;

export const stackHeader = ["", "Resource", "Type", "Changes"];

/** One table for all stacks whose table it is. */
export function stackTables({ stacks }: Report): string[] {
  const groups = new Map<string, string[]>();
  for (const stack of stacks) {
    const rows = rowsOf(stack, cellSpan);
    if (rows.length === 0) continue;
    const text = table(stackHeader, rows).join("\n");
    groups.set(text, [...(groups.get(text) ?? []), stack.stack]);
  }
  return [...groups].flatMap(([text, names]) => [
    `### ${names.map((name) => codeSpan(name)).join(", ")}`,
    "",
    text,
    "",
  ]);
}

export function rowsOf({ changes, outputs, settings }: StackDiff, span: Span): string[][] {
  const follow = changes.filter(isOfNewCode);
  const tagged = changes.filter((change) => isUpdateOf(change, isTag));
  const folded = new Set([...(follow.length > 1 ? follow : []), ...(tagged.length > 3 ? tagged : [])]);
  const plain = changes.filter((change) => !folded.has(change));
  return [
    ...plain.map((change) => rowOf(change, span)),
    ...(follow.length > 1 ? [foldedRow(follow, `${newsOf(follow)}, and what follows from it`, span)] : []),
    ...(tagged.length > 3 ? [foldedRow(tagged, "tags only", span)] : []),
    ...(settings.length > 0 ? [["~", "configuration", "", pathsOf(settings, span)]] : []),
    ...(outputs.length > 0 ? [["~", "outputs", "", pathsOf(outputs, span)]] : []),
  ];
}

function rowOf(change: ResourceChange, span: Span): string[] {
  const { kind, name, type, properties, formerUrn } = change;
  const what = kind === "create" || kind === "delete" ? "" : pathsOf(properties, span);
  const isSilent = kind === "update" && properties.length === 0;
  return [
    symbols[kind],
    span(name),
    span(kindNameOf(type)),
    isSilent
      ? "only order or form"
      : [formerUrn === undefined ? "" : "renamed or moved", what].filter(Boolean).join(": "),
  ];
}

const foldedRow = (changes: ResourceChange[], words: string, span: Span): string[] => [
  "~",
  [...new Set(changes.map(({ name }) => span(name)))].slice(0, 5).join(", "),
  [...new Set(changes.map(({ type }) => span(kindNameOf(type))))].slice(0, 5).join(", "),
  `${words} (${changes.length})`,
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

function pathsOf(properties: PropertyChange[], span: Span): string {
  const paths = [...new Set(properties.map(({ path }) => path))];
  const shown = paths.slice(0, most).map((path) => span(path));
  return [...shown, ...(paths.length > most ? [`${paths.length - most} more`] : [])].join(", ");
}
