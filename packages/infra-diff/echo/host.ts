/** Providers without a cloud: they check and compare as the real ones do, and what they have to make is made up. */
import type {
  DiffResult,
  PropertyMap,
  ProviderHost,
  UnconfiguredProvider,
} from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { withoutMarks } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { checkConfig, toProviderConfig } from "@pulumi-line-bot/aws-resources/config";
import { createEchoAws } from "./aws.ts";
import type { EchoOptions } from "./echo-provider.ts";
import { createEchoDynamic } from "./dynamic.ts";
import { createEchoOther } from "./other.ts";

export function createEchoHost(options: EchoOptions): ProviderHost {
  const packages: Record<string, () => UnconfiguredProvider> = {
    aws: () => ({
      ...unconfigured,
      checkConfig: (_urn, _olds, news) => Promise.resolve({ inputs: news, failures: checkConfig(withoutMarks(news)) }),
      configure: (_urn, inputs) =>
        Promise.resolve(createEchoAws(toProviderConfig(withoutMarks(inputs), { region: fallbackRegion }), options)),
    }),
    "pulumi-nodejs": () => ({ ...unconfigured, configure: () => Promise.resolve(createEchoDynamic()) }),
  };
  return {
    open: (pkg) => Promise.resolve(packages[pkg]?.() ?? ofOther(options)),
    close: () => Promise.resolve(),
  };
}

/** A provider without a region of its own; a stack that misses one says so itself. */
const fallbackRegion = "us-east-1";

const ofOther = (options: EchoOptions): UnconfiguredProvider => ({
  ...unconfigured,
  configure: () => Promise.resolve(createEchoOther(options)),
});

const noOpinion: DiffResult = { replaces: [], stables: [], diffs: [] };

const unconfigured = {
  checkConfig: (_urn: string, _olds: PropertyMap, news: PropertyMap) => Promise.resolve({ inputs: news, failures: [] }),
  diffConfig: () => Promise.resolve(noOpinion),
} satisfies Partial<UnconfiguredProvider>;
