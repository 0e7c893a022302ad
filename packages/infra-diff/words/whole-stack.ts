/** What is said of a stack as a whole. */
import type { PropertyMap } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { textOf, type ComparedResource, type ComparedStack } from "../compared.ts";
import { type Phrase, say, type StackDiff } from "../model.ts";
import { caution, danger, type Draft, listOf, notice, sentence } from "./draft.ts";
import { hasOtherCode } from "./special.ts";

export function wholeStackDrafts(compared: ComparedStack, diff: StackDiff): Draft[] {
  // It is said above all else.
  if (diff.status === "broken") return [];
  if (diff.status === "gone")
    return [danger(["Its settings are removed: nothing deploys it any more, and what it has deployed stays."])];
  if (diff.status === "new")
    return [notice(["It is a new stack of ", ...say`${compared.resources.length}`, " resources."])];
  return [
    ...region(compared.resources),
    ...newCode(compared.resources),
    ...outputs(compared.outputs),
    ...accounts(diff),
    ...alike(diff),
  ];
}

function region(resources: ComparedResource[]): Draft[] {
  const moves = resources.flatMap(({ former, now }) => {
    const [was, is] = [textOf(former, "region"), textOf(now, "region")];
    return was === undefined || is === undefined || was === is ? [] : [{ was, is }];
  });
  const [first] = moves;
  if (first === undefined) return [];
  return [
    danger(
      [
        "It moves from the region ",
        ...say`${first.was} to ${first.is}: ${moves.length}`,
        " resources are made again there, without what was stored in the former ones.",
      ],
      "region",
    ),
  ];
}

function newCode(resources: ComparedResource[]): Draft[] {
  const functions = resources.filter(hasOtherCode).map(({ name }) => name);
  if (functions.length === 0) return [];
  const [noun, it] = functions.length === 1 ? ["function", "it has"] : ["functions", "each has"];
  const isProven = resources.some(({ type, kind }) => type.endsWith(":ProvenVersion") && kind !== "same");
  return [
    notice(
      sentence(
        `new code runs in the ${noun} `,
        listOf(functions),
        isProven ? `, once ${it} answered a signed test call.` : ".",
      ),
      "code",
    ),
  ];
}

/** Somebody may read them by name. */
function outputs({ former, now }: { former: PropertyMap; now: PropertyMap }): Draft[] {
  const gone = Object.keys(former).filter((name) => !(name in now));
  const come = Object.keys(now).filter((name) => !(name in former));
  return [
    ...(gone.length > 0
      ? [caution(["Outputs are removed: ", ...listOf(gone), ". Anyone who reads them fails."], "outputs")]
      : []),
    ...(come.length > 0 ? [notice(["New outputs: ", ...listOf(come), "."], "outputs")] : []),
  ];
}

function accounts({ settings }: StackDiff): Draft[] {
  const isOther = settings.some(({ path }) => path.startsWith("aws:allowedAccountIds"));
  return isOther ? [caution(["Other AWS accounts may be deployed to: the account guard changes."], "protection")] : [];
}

/** Many small changes of one kind are one sentence. */
function alike({ changes }: StackDiff): Draft[] {
  const only = (test: (path: string) => boolean) =>
    changes.filter(
      ({ kind, properties }) =>
        kind === "update" && properties.length > 0 && properties.every(({ path }) => test(path)),
    );
  const tagged = only((path) => path === "tags" || path.startsWith("tags."));
  const described = only((path) => path === "description");
  const count = (number: number): Phrase => (number === 1 ? ["one resource"] : [...say`${number}`, " resources"]);
  const silent = changes.filter(({ kind, properties }) => kind === "update" && properties.length === 0);
  return [
    ...(silent.length > 0
      ? [
          notice([
            "Only the order or the form of what is set changes on ",
            ...count(silent.length),
            ": nothing else follows.",
          ]),
        ]
      : []),
    ...(tagged.length > 0
      ? [notice(["Only tags change on ", ...count(tagged.length), ": ", ...tagsOf(tagged), "."])]
      : []),
    ...(described.length > 0 ? [notice(["Only the description changes of ", ...count(described.length), "."])] : []),
  ];
}

function tagsOf(changes: StackDiff["changes"]): Phrase {
  const names = changes.flatMap(({ properties }) => properties.map(({ path }) => path.replace(/^tags\.?/, "")));
  return listOf([...new Set(names)].map((name) => name || "all"));
}
