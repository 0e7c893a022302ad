import type { Provider } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { parseUrn } from "@pulumi-line-bot/pulumi-engine/values/urn";
import { completed, type EchoOptions } from "./echo-provider.ts";
import { hashOf } from "./placeholders.ts";

/** A package that nothing here knows: inputs come back as outputs, and the engine compares them. */
export function createEchoOther({ side, onUnknown }: Pick<EchoOptions, "side" | "onUnknown">): Provider {
  return completed({
    check: ({ urn, news }) => {
      onUnknown(parseUrn(urn).type);
      return Promise.resolve({ inputs: news, failures: [] });
    },
    diff: () => Promise.resolve({ replaces: [], stables: [], diffs: [] }),
    create: ({ urn, news }) => Promise.resolve({ id: hashOf(side, urn), outputs: news }),
    update: ({ oldOutputs, news }) => Promise.resolve({ outputs: { ...oldOutputs, ...news } }),
    invoke: ({ token }) => {
      onUnknown(token);
      return Promise.resolve({ result: {}, failures: [], unknown: true });
    },
  });
}
