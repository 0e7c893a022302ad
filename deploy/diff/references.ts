/** A stack's own ARNs in a text, replaced by marks: what a policy says of a queue is the same after the queue was replaced. */
import type { ComparedResource, ComparedStack, State } from "./compared.ts";

export interface References {
  former: (text: string) => string;
  now: (text: string) => string;
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
    const sorted = marks.toSorted(([one], [other]) => other.length - one.length);
    return (text) => sorted.reduce((marked, [arn, mark]) => marked.replaceAll(arn, mark), text);
  };
  return {
    former: replacer("former"),
    now: replacer("now"),
    tryFind(marked) {
      const [mark = "", index = "", key = ""] = /^⟦(\d+) (\w+)⟧/.exec(marked) ?? [];
      const resource = mark === "" ? undefined : resources[Number(index)];
      return resource && { resource, rest: `${key === "arn" ? "" : key}${marked.slice(mark.length)}` };
    },
  };
}

/** Not those of a version, which are those of the function with a number behind. */
function arnsOf(state: State | undefined): [key: string, arn: string][] {
  return Object.entries(state?.outputs ?? {}).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === "string" &&
      entry[1].startsWith("arn:") &&
      (entry[0] === "arn" || entry[0] === "executionArn"),
  );
}
