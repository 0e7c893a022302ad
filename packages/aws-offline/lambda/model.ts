import type { Stored, HasStore, Collection } from "../store/store.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";

/** What a worker runs: the code and configuration of one version. */
export interface Version {
  functionName: string;
  /** `$LATEST` or a number as text. */
  version: string;
  arn: string;
  region: string;
  sha256: string;
  handler: string;
  /** ARN of the role in whose name it runs. */
  role: string;
  runtime: string;
  memorySize: number;
  /** Seconds. */
  timeout: number;
  environment: Record<string, string>;
  logGroup: string;
  logFormat: "Text" | "JSON";
  logLevel: string;
  description: string;
  /** The digest of this content alone: a worker of another one must not be used for it. */
  revision: string;
}

export interface LambdaFunction {
  name: string;
  arn: string;
  region: string;
  latest: Version;
  published: Version[];
  /** When code or configuration changed last: ISO 8601. */
  modifiedAt: string;
  /** `undefined` if there is no reservation. 0 stops every invocation. */
  reservedConcurrency?: number;
}

export const functionsOf = (cloud: HasStore): Collection<LambdaFunction> =>
  cloud.store.collection<LambdaFunction>("lambda/functions", "sealed");
const aliasesOf = (cloud: HasStore): Collection<Stored> => cloud.store.collection<Stored>("lambda/aliases");
export const permissionsOf = (cloud: HasStore): Collection<Stored> =>
  cloud.store.collection<Stored>("lambda/permissions");

/** The function name in a name, a partial ARN or an ARN, and the qualifier that may stand behind it. */
export function parseFunctionName(text: string): { name: string; qualifier?: string } {
  const parts = text.split(":");
  const at = parts.indexOf("function");
  const [name = "", qualifier] = at >= 0 ? parts.slice(at + 1) : parts.length > 2 ? parts.slice(-1) : parts;
  return { name, ...(qualifier !== undefined && { qualifier }) };
}

export interface Resolved {
  fn: LambdaFunction;
  version: Version;
  /** The ARN as it was called, with the qualifier. */
  invokedArn: string;
}

/** Finds what a name and a qualifier (version or alias) stand for now. Throws as Lambda does. */
export function resolveFunction(cloud: HasStore, text: string, given?: string): Resolved {
  const { name, qualifier = given } = parseFunctionName(text);
  const fn = functionsOf(cloud).get(name);
  const arn = `${fn?.arn ?? name}${qualifier === undefined ? "" : `:${qualifier}`}`;
  const version = fn && findVersion(fn, aliasVersion(cloud, name, qualifier) ?? qualifier ?? "$LATEST");
  if (!version) throw new ServiceError("ResourceNotFoundException", `Function not found: ${arn}`, 404);
  return { fn, version, invokedArn: arn };
}

export function findVersion(fn: LambdaFunction, version: string): Version | undefined {
  return version === "$LATEST" ? fn.latest : fn.published.find((published) => published.version === version);
}

function aliasVersion(cloud: HasStore, name: string, qualifier: string | undefined): string | undefined {
  const alias = aliasesOf(cloud).get(`${name}:${qualifier}`)?.attributes;
  return alias && pickVersion(alias);
}

/** An alias may send a share of the calls to a second version. */
function pickVersion(alias: Attributes): string {
  const routing = alias["routingConfig"] as { additionalVersionWeights?: Record<string, number> } | undefined;
  let chance = Math.random();
  for (const [version, weight] of Object.entries(routing?.additionalVersionWeights ?? {}))
    if ((chance -= weight) < 0) return version;
  return alias["functionVersion"] as string;
}
