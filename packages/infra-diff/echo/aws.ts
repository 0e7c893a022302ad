import { check } from "@pulumi-line-bot/aws-resources/check";
import type { ProviderConfig } from "@pulumi-line-bot/aws-resources/config";
import { diff } from "@pulumi-line-bot/aws-resources/diff";
import { pureFunctions } from "@pulumi-line-bot/aws-offline/provider/functions";
import { secretsOf, toWanted, withoutWriteOnly } from "@pulumi-line-bot/aws-resources/outputs";
import { tryFindSchema, type TypeSchema } from "@pulumi-line-bot/aws-resources/schema";
import { resourceTypes } from "@pulumi-line-bot/aws-offline/resource-types";
import type { ResourceType } from "@pulumi-line-bot/aws-offline/cloud";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import type { PropertyMap, Provider } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { markSecretsLike, secret, UNKNOWN, withoutMarks } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { parseUrn } from "@pulumi-line-bot/pulumi-engine/values/urn";
import { completed, type EchoOptions } from "./echo-provider.ts";
import { createEchoOther } from "./other.ts";
import { hashOf, placeholdersFor } from "./placeholders.ts";

/** What is deployed has no part in a comparison of two commits: a secret has one version, the same on both sides. */
const functions: typeof pureFunctions = {
  ...pureFunctions,
  "aws:secretsmanager/getSecretVersions:getSecretVersions": ({ secretId }) => ({
    versions: [{ versionId: "current", versionStages: ["AWSCURRENT"], createdTime: "", lastAccessedDate: "" }],
    secretId,
  }),
};

type Rules = Pick<ResourceType, "validate" | "same" | "replaces" | "recomputes">;
const rules = new Map<string, Rules>(resourceTypes.map((type) => [type.token, type]));

/** The offline provider's table of types, without the objects behind it. */
export function createEchoAws(config: ProviderConfig, options: EchoOptions): Provider {
  const { side, accountId } = options;
  const other = createEchoOther(options);
  const world = { region: config.region, accountId, side };
  return completed({
    check: async (request) => {
      const { urn, olds, news } = request;
      const { type, name } = parseUrn(urn);
      const schema = tryFindSchema(type);
      if (!schema) return await other.check(request);
      const { inputs, problems } = check(schema, withoutMarks(olds), withoutMarks(news), config, {
        logicalName: name,
        // The engine's own seed is another one in each run.
        randomSeed: Buffer.from(hashOf(side, urn)),
      });
      return {
        inputs: marked(inputs, news, schema),
        failures: problems.map(({ path, reason }) => ({ property: path, reason })),
      };
    },
    diff: async (request) => {
      const { type } = parseUrn(request.urn);
      const schema = tryFindSchema(type);
      if (!schema) return await other.diff(request);
      const [olds, news] = [withoutMarks(request.oldOutputs), withoutMarks(request.news)];
      const found = diff(schema, rules.get(type) ?? {}, olds, news, request.ignoreChanges);
      return {
        changes: found.changed.length > 0,
        diffs: found.changed,
        replaces: found.replaces,
        stables: found.stables,
        deleteBeforeReplace: found.deleteBeforeReplace,
        detailedDiff: Object.fromEntries(
          found.differences.map(({ path, kind, replaces }) => [
            path,
            { kind: replaces ? `${kind}-replace` : kind, inputDiff: true },
          ]),
        ),
      };
    },
    create: async (request) => {
      const { urn, news } = request;
      const { type } = parseUrn(urn);
      const schema = tryFindSchema(type);
      if (!schema) return await other.create(request);
      const wanted = withoutWriteOnly(schema, toWanted(schema, withoutMarks(news)));
      const { id, ...made } = placeholdersFor({ urn, type, schema, wanted, world });
      return { id, outputs: marked({ ...wanted, ...made, id }, news, schema) };
    },
    update: async (request) => {
      const { urn, oldOutputs, news, ignoreChanges } = request;
      const { type } = parseUrn(urn);
      const schema = tryFindSchema(type);
      if (!schema) return await other.update(request);
      const olds = withoutMarks(oldOutputs);
      const wanted = toWanted(schema, withoutMarks(news));
      const rule = rules.get(type) ?? {};
      const { changed } = diff(schema, rule, olds, withoutMarks(news), ignoreChanges);
      const outputs: Attributes = { ...olds, ...withoutWriteOnly(schema, wanted) };
      for (const name of changed) if (wanted[name] === undefined) delete outputs[name];
      const recomputed = rule.recomputes?.({ olds, news: wanted, changed: new Set(changed) }) ?? [];
      for (const name of recomputed) outputs[name] = UNKNOWN;
      return { outputs: marked(outputs, news, schema) };
    },
    invoke: async (request) => {
      const run = functions[request.token];
      if (!run) return await other.invoke(request);
      const result = run(withoutMarks(request.args), config, { accountId });
      return { result: result as PropertyMap, failures: [] };
    },
  });
}

/** Secret is what came from a secret input, and what the provider itself holds for one. */
function marked(attributes: Attributes, inputs: PropertyMap, schema: TypeSchema): PropertyMap {
  const secrets = secretsOf(schema);
  const entries = Object.entries(attributes as PropertyMap)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, secrets.has(name) ? secret(value) : value] as const);
  return markSecretsLike(Object.fromEntries(entries), inputs);
}
