import { tryParseJson, isObject } from "@pulumi-line-bot/kit/json";
import type { Attributes } from "./attributes.ts";
import { UNKNOWN } from "./values.ts";

/** Configuration of one provider, as far as something depends on it here. */
export interface ProviderConfig {
  region: string;
  allowedAccountIds: string[];
  forbiddenAccountIds: string[];
  defaultTags: Record<string, string>;
  ignoresTag(key: string): boolean;
}

type Shape = "text" | "flag" | "number" | "list" | "object";

/** All that the provider can be configured with. What only matters to a real cloud is accepted and has no effect. */
const PROPERTIES: Record<string, Shape> = {
  accessKey: "text",
  allowedAccountIds: "list",
  assumeRoleWithWebIdentity: "object",
  assumeRoles: "list",
  customCaBundle: "text",
  defaultTags: "object",
  ec2MetadataServiceEndpoint: "text",
  ec2MetadataServiceEndpointMode: "text",
  endpoints: "list",
  forbiddenAccountIds: "list",
  httpProxy: "text",
  httpsProxy: "text",
  ignoreTags: "object",
  insecure: "flag",
  maxRetries: "number",
  noProxy: "text",
  profile: "text",
  region: "text",
  retryMode: "text",
  s3UsEast1RegionalEndpoint: "text",
  s3UsePathStyle: "flag",
  secretKey: "text",
  sharedConfigFiles: "list",
  sharedCredentialsFiles: "list",
  skipCredentialsValidation: "flag",
  skipMetadataApiCheck: "flag",
  skipRegionValidation: "flag",
  skipRequestingAccountId: "flag",
  stsRegion: "text",
  tagPolicyCompliance: "text",
  token: "text",
  tokenBucketRateLimiterCapacity: "number",
  useDualstackEndpoint: "flag",
  useFipsEndpoint: "flag",
  userAgents: "list",
  version: "text",
  pluginDownloadURL: "text",
};

export interface ConfigProblem {
  property: string;
  reason: string;
}

export function checkConfig(news: Attributes): ConfigProblem[] {
  return Object.entries(news).flatMap(([property, value]) => {
    const shape = PROPERTIES[property];
    if (!shape)
      return [{ property, reason: `could not validate provider configuration: Invalid or unknown key "${property}"` }];
    return hasShape(decode(value), shape) ? [] : [{ property, reason: `expected ${shape}, got ${typeof value}` }];
  });
}

/** Throws where the configuration is refused. */
export function toProviderConfig(args: Attributes, defaults: { region?: string | undefined }): ProviderConfig {
  const config = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, decode(value)]));
  const region = (config["region"] as string | undefined) ?? defaults.region;
  if (region === undefined || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region))
    throw new Error(
      region === undefined
        ? "missing region information. Set it with `pulumi config set aws:region <region>`"
        : `invalid AWS Region: ${region}`,
    );
  const tags = (config["defaultTags"] as { tags?: Record<string, string> } | undefined)?.tags ?? {};
  const ignored = (config["ignoreTags"] ?? {}) as { keys?: string[]; keyPrefixes?: string[] };
  return {
    region,
    allowedAccountIds: (config["allowedAccountIds"] as string[] | undefined) ?? [],
    forbiddenAccountIds: (config["forbiddenAccountIds"] as string[] | undefined) ?? [],
    defaultTags: tags,
    ignoresTag: (key) =>
      Boolean(ignored.keys?.includes(key)) || Boolean(ignored.keyPrefixes?.some((prefix) => key.startsWith(prefix))),
  };
}

/** The guard against deploying into somebody else's account. */
export function refuseAccount(config: ProviderConfig, accountId: string): void {
  const { allowedAccountIds: allowed, forbiddenAccountIds: forbidden } = config;
  if ((allowed.length > 0 && !allowed.includes(accountId)) || forbidden.includes(accountId))
    throw new Error(`AWS account ID not allowed: ${accountId}`);
}

/** A value that is not text comes as JSON text, for configuration is a map of strings. */
function decode(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*(\[|\{|true$|false$|-?\d+$)/.test(value)) return value;
  return tryParseJson(value) ?? value;
}

function hasShape(value: unknown, shape: Shape): boolean {
  if (value === UNKNOWN) return true;
  if (shape === "list") return Array.isArray(value);
  if (shape === "object") return isObject(value);
  if (shape === "flag") return typeof value === "boolean" || value === "";
  return typeof value === "string" || typeof value === "number";
}
