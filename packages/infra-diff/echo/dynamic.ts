import type { DiffResult, PropertyMap, Provider } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { equal, withoutMarks } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { parseUrn } from "@pulumi-line-bot/pulumi-engine/values/urn";
import { completed } from "./echo-provider.ts";
import { hashOf } from "./placeholders.ts";

interface DynamicType {
  /** Properties of which another value is another object; one that comes or goes is an update. */
  replaces?: string[];
  /** The only ones that count, where not all do. */
  compares?: string[];
  /** What the provider would find out. */
  outputs?: PropertyMap;
}

/** The rules of the program's own dynamic resources, whose code is not run: it would call LINE and AWS. */
const types: Record<string, DynamicType> = {
  "pulumi-nodejs:dynamic/line:LineChannelWebhook": {
    replaces: ["bot"],
    outputs: { active: true, botUserId: `U${"0".repeat(32)}`, botBasicId: "@bot", botName: "bot" },
  },
  "pulumi-nodejs:dynamic/line:ProvenVersion": { compares: ["versionArn", "proof"] },
};

/** The serialized code of a dynamic provider, which says nothing of what it makes. */
const serializedProvider = "__provider";

export function createEchoDynamic(): Provider {
  return completed({
    check: ({ news }) => Promise.resolve({ inputs: news, failures: [] }),
    diff: ({ urn, oldInputs, news }) =>
      Promise.resolve(compare(types[parseUrn(urn).type] ?? {}, withoutMarks(oldInputs), withoutMarks(news))),
    create: ({ urn, news }) =>
      Promise.resolve({ id: hashOf("dynamic", urn), outputs: { ...types[parseUrn(urn).type]?.outputs, ...news } }),
    update: ({ oldOutputs, news }) => Promise.resolve({ outputs: { ...oldOutputs, ...news } }),
    invoke: () => Promise.resolve({ result: {}, failures: [], unknown: true }),
  });
}

function compare({ replaces = [], compares }: DynamicType, olds: PropertyMap, news: PropertyMap): DiffResult {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => key !== serializedProvider && (compares?.includes(key) ?? true),
  );
  const diffs = keys.filter((key) => !equal(olds[key], news[key])).toSorted();
  return {
    changes: diffs.length > 0,
    diffs,
    replaces: diffs.filter((key) => replaces.includes(key) && olds[key] !== undefined && news[key] !== undefined),
    stables: [],
  };
}
