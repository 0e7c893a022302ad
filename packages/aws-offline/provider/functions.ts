import type { HasAccountId } from "../account-id.ts";
import { dnsSuffixOf, partitionOf } from "@pulumi-line-bot/kit/partition";
import { getPolicyDocument } from "../iam/policy-document.ts";
import { getSecretVersions } from "../secretsmanager/get-secret-versions.ts";
import { toOwner } from "../sts/identity.ts";
import type { Functions } from "./provider.ts";
import { REGIONS } from "@pulumi-line-bot/aws-resources/regions";

/** The provider's functions (data sources) that ask for nothing that is deployed. */
export const pureFunctions: Functions<HasAccountId> = {
  "aws:index/getCallerIdentity:getCallerIdentity": (_args, _config, { accountId }) => {
    const { arn, userId } = toOwner(accountId);
    return { id: accountId, accountId, arn, userId };
  },
  "aws:index/getPartition:getPartition": (_args, { region }) => {
    const partition = partitionOf(region);
    const dnsSuffix = dnsSuffixOf(partition);
    return { id: partition, partition, dnsSuffix, reverseDnsPrefix: dnsSuffix.split(".").toReversed().join(".") };
  },
  "aws:index/getRegion:getRegion": (args, config) => {
    const endpoint = args["endpoint"] as string | undefined;
    const region =
      (args["region"] as string | undefined) ??
      (args["name"] as string | undefined) ??
      endpoint?.split(".")[1] ??
      config.region;
    const description = REGIONS[region];
    if (description === undefined) throw new Error(`no matching EC2 Region found for ${region}`);
    const suffix = dnsSuffixOf(partitionOf(region));
    return { id: region, region, name: region, description, endpoint: `ec2.${region}.${suffix}` };
  },
  "aws:iam/getPolicyDocument:getPolicyDocument": getPolicyDocument,
};

export const functions: Functions = {
  ...pureFunctions,
  "aws:secretsmanager/getSecretVersions:getSecretVersions": getSecretVersions,
};
