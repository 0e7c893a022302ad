import type { Stored, HasStore, Collection } from "../store/store.ts";
import { partitionOf } from "@pulumi-line-bot/kit/partition";
import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { findVersion, functionsOf, parseFunctionName } from "./model.ts";

const collection = "lambda/aliases";
export const storedAliases = ({ store }: HasStore): Collection<Stored> => store.collection<Stored>(collection);

export const alias = storedType({
  token: "aws:lambda/alias:Alias",
  collection,
  key: (attributes) => `${functionNameOf(attributes)}:${attributes["name"] as string}`,
  fromImportId(importId) {
    const [functionName, name] = importId.split("/");
    return { id: importId, attributes: { functionName, name } };
  },
  // The name of a function and its ARN are one.
  same: (property, old, wanted) =>
    property === "functionName" && parseFunctionName(old as string).name === parseFunctionName(wanted as string).name,
  make(inputs, cloud) {
    requireVersions(inputs, cloud);
    const region = inputs["region"] as string;
    const fn = functionsOf(cloud).get(functionNameOf(inputs));
    const arn = `${fn?.arn}:${inputs["name"] as string}`;
    const invokeArn = `arn:${partitionOf(region)}:apigateway:${region}:lambda:path/2015-03-31/functions/${arn}/invocations`;
    return { id: arn, attributes: { ...inputs, arn, invokeArn } };
  },
  remake({ news }, cloud) {
    requireVersions(news, cloud);
    return {};
  },
  exists: (attributes) =>
    new ServiceError("ResourceConflictException", `Alias already exists: ${attributes["arn"] as string}`, 409),
});

function functionNameOf(attributes: Attributes): string {
  return parseFunctionName(attributes["functionName"] as string).name;
}

/** Throws as Lambda does where the alias is to stand for a version that is not there. */
export function requireVersions(inputs: Attributes, cloud: Cloud): void {
  const fn = functionsOf(cloud).get(functionNameOf(inputs));
  const routing = inputs["routingConfig"] as { additionalVersionWeights?: Record<string, number> } | undefined;
  const versions = [inputs["functionVersion"] as string, ...Object.keys(routing?.additionalVersionWeights ?? {})];
  for (const version of versions)
    if (!fn || !findVersion(fn, version))
      throw new ServiceError(
        "ResourceNotFoundException",
        `Function not found: ${fn?.arn ?? functionNameOf(inputs)}:${version}`,
        404,
      );
}
