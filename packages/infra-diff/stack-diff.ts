import type { ResourceState } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { parseUrn } from "@pulumi-line-bot/pulumi-engine/values/urn";
import { compareStack, compareTexts, type ComparedStack } from "./compared.ts";
import { type Phrase, type PropertyChange, say, type StackDiff } from "./model.ts";
import { changesBetween } from "./property-changes.ts";
import { changeOf } from "./resource-changes.ts";
import type { EvaluatedStack } from "./sides.ts";
import { type ConfigKey, type ConfigValue, holdsSecure } from "@pulumi-line-bot/pulumi-engine/project/config-value";
import { secret } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { nothingDeployed } from "./evaluate.ts";

export interface StackResult {
  diff: StackDiff;
  compared: ComparedStack;
}

/** What the change does to one stack. */
export function toStackResult(evaluated: EvaluatedStack): StackResult {
  const { stack, base, head, written } = evaluated;
  const problems = problemsOf(evaluated);
  const isBroken = problems.length > 0;
  const former = isBroken ? [] : (base?.snapshot ?? nothingDeployed).resources;
  const now = isBroken ? [] : (head?.snapshot ?? nothingDeployed).resources;
  const isGone = written.head === undefined;
  const steps = isBroken || isGone ? [] : (head?.steps ?? []);
  const all = compareStack({ stack, former, now, steps });
  // What a stack that nobody deploys any more says of itself is no news.
  const compared = isGone ? { ...all, outputs: { former: {}, now: {} } } : all;
  const status = isBroken ? "broken" : isGone ? "gone" : written.base === undefined ? "new" : undefined;
  return {
    compared,
    diff: toStackDiff(compared, {
      status,
      problems,
      notes: notesOf(evaluated),
      settings: isGone ? [] : settingsChanges(written.base?.values ?? {}, written.head?.values ?? {}),
    }),
  };
}

export function toStackDiff(
  compared: ComparedStack,
  about: Pick<StackDiff, "problems" | "notes" | "settings"> & { status: StackDiff["status"] | undefined },
): StackDiff {
  const changes = compared.resources.flatMap((resource) => changeOf(resource, compared) ?? []);
  const outputs = plain(changesBetween(compared.outputs.former, compared.outputs.now));
  const isChanged = changes.length + outputs.length > 0;
  return {
    stack: compared.stack,
    ...about,
    status: about.status ?? (isChanged ? "changed" : "unchanged"),
    unchanged: compared.resources.filter(({ kind }) => kind === "same").length,
    changes,
    outputs,
    graph: graphOf(compared),
  };
}

const plain = (changes: Omit<PropertyChange, "replaces">[]): PropertyChange[] =>
  changes.map((change) => ({ ...change, replaces: false }));

function problemsOf({ base, head }: EvaluatedStack): string[] {
  if (base && base.problems.length > 0) return ["The base cannot be evaluated:", ...base.problems];
  return head?.problems ?? [];
}

function notesOf({ settings, written, base, head }: EvaluatedStack): Phrase[] {
  const notes: Phrase[] = settings.standIns.map((key) => say`${key} is not set: a placeholder stands in for it.`);
  const unknown = [...new Set([...(base?.unknown ?? []), ...(head?.unknown ?? [])])].toSorted(compareTexts);
  for (const token of unknown) notes.push(say`What forces a replacement of ${token} is not known here.`);
  const [was, is] = [written.base?.encryption, written.head?.encryption];
  if (was !== undefined && is !== undefined && was !== is)
    notes.push(["The secrets were encrypted again: whether their values changed cannot be told."]);
  return notes;
}

/** A secret is compared by its ciphertext. */
function settingsChanges(
  former: Record<ConfigKey, ConfigValue>,
  now: Record<ConfigKey, ConfigValue>,
): PropertyChange[] {
  return [...new Set([...Object.keys(former), ...Object.keys(now)])].toSorted(compareTexts).flatMap((key) => {
    const [was, is] = [former[key], now[key]].map((value) =>
      value !== undefined && holdsSecure(value) ? secret(JSON.stringify(value)) : value,
    );
    const changes = changesBetween(was === undefined ? {} : { value: was }, is === undefined ? {} : { value: is });
    return plain(changes).map((change) => ({ ...change, path: settingPath(key, change.path) }));
  });
}

/** Makes `<key>.a` of `value.a.secure`, which is how a file writes a secret. */
const settingPath = (key: ConfigKey, path: string): string =>
  `${key}${path.slice("value".length).replace(/\.secure$/, "")}`;

function graphOf({ resources }: ComparedStack): StackDiff["graph"] {
  const position = new Map(resources.map(({ urn }, index) => [urn, index]));
  const needed = (state: Pick<ResourceState, "dependencies" | "propertyDependencies"> | undefined): string[] => [
    ...(state?.dependencies ?? []),
    ...Object.values(state?.propertyDependencies ?? {}).flat(),
  ];
  return {
    nodes: resources.map(({ urn, type, kind }) => ({ urn, type, name: parseUrn(urn).name, kind })),
    edges: resources.flatMap(({ now, former }, from) =>
      [...new Set(needed(now ?? former))].flatMap((urn): [number, number][] => {
        const to = position.get(urn);
        return to === undefined ? [] : [[from, to]];
      }),
    ),
  };
}
