/** A stack's own ARNs in a text, replaced by marks: what a policy says of a queue is the same after the queue was replaced. */
import { canonicalJson } from "@pulumi-line-bot/kit/json";
import type { PropertyValue } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { isUnknown } from "@pulumi-line-bot/pulumi-engine/values/properties";
import type { ComparedResource, ComparedStack, State } from "./compared.ts";

export interface References {
  former: (text: string) => string;
  now: (text: string) => string;
  /** Whether two values are one but for what was replaced. */
  isSame(former: PropertyValue | undefined, now: PropertyValue | undefined): boolean;
  /** The resource that a marked text begins with, and what follows it. */
  tryFind(marked: string): { resource: ComparedResource; rest: string } | undefined;
}

const known = new WeakMap<ComparedStack, References>();

export function referencesIn(stack: ComparedStack): References {
  const found = known.get(stack) ?? createReferences(stack);
  known.set(stack, found);
  return found;
}

function createReferences({ resources }: ComparedStack): References {
  const replacer = (side: "former" | "now"): ((text: string) => string) => {
    const marks = resources.flatMap((resource, index) =>
      arnsOf(resource[side]).map(([key, arn]) => [arn, `⟦${index} ${key}⟧`] as const),
    );
    // An ARN that goes on where another one ends is that one's.
    return replacerOf(marks.filter(([arn]) => !marks.some(([other]) => arn !== other && arn.startsWith(other))));
  };
  const [formerMade, nowMade] = [madeUp("former", resources), madeUp("now", resources)];
  return {
    isSame: (was, is) => marked(was, formerMade) === marked(is, nowMade),
    former: replacer("former"),
    now: replacer("now"),
    tryFind(marked) {
      const [mark = "", index = "", key = ""] = /^⟦(\d+) (\w+)⟧/.exec(marked) ?? [];
      const resource = mark === "" ? undefined : resources[Number(index)];
      return resource && { resource, rest: `${key === "arn" ? "" : key}${marked.slice(mark.length)}` };
    },
  };
}

type Marks = (readonly [text: string, mark: string])[];

function replacerOf(marks: Marks): (text: string) => string {
  const sorted = marks.toSorted(([one], [other]) => other.length - one.length);
  return (text) => sorted.reduce((marked, [own, mark]) => marked.replaceAll(own, mark), text);
}

const marked = (value: PropertyValue | undefined, replace: (text: string) => string): string =>
  replace(canonicalJson(value ?? null));

/** Names, IDs and addresses that are others after a replacement. */
function madeUp(side: "former" | "now", resources: ComparedResource[]): (text: string) => string {
  return replacerOf(
    resources.flatMap((resource, index) =>
      Object.entries(resource[side]?.outputs ?? {}).flatMap(([key, value]) => {
        const other = resource[side === "former" ? "now" : "former"]?.outputs?.[key];
        const isMade = typeof value === "string" && value.length >= shortest && resource.kind === "replace";
        return isMade && other !== value && !isUnknown(value) ? [[value, `⟦${index} ${key}⟧`] as const] : [];
      }),
    ),
  );
}

/** What is shorter turns up by chance. */
const shortest = 6;

/** Not those of a version, which are those of the function with a number behind. */
function arnsOf(state: State | undefined): [key: string, arn: string][] {
  return Object.entries(state?.outputs ?? {}).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === "string" &&
      entry[1].startsWith("arn:") &&
      (entry[0] === "arn" || entry[0] === "executionArn"),
  );
}
