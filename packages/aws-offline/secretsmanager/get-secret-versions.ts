import type { HasSecrets } from "./secrets.ts";
import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";

/** The provider's function: a secret's versions and their labels, without their values. */
export function getSecretVersions(
  args: Attributes,
  { region }: { region: string },
  { secrets }: HasSecrets,
): Attributes {
  const secretId = String(args["secretId"]);
  const includeDeprecated = args["includeDeprecated"] === true;
  const secret = find(secrets, secretId);
  const versions = secret.versions
    .filter(({ stages }) => includeDeprecated || stages.length > 0)
    .map(({ versionId, stages, createdAt }) => ({
      versionId,
      versionStages: stages.toSorted(),
      createdTime: new Date(createdAt).toISOString(),
      lastAccessedDate: "",
    }));
  const { arn, name } = secret;
  return { id: arn, arn, name, secretArn: arn, secretName: name, secretId, region, includeDeprecated, versions };
}

function find(secrets: Cloud["secrets"], secretId: string) {
  try {
    return secrets.find(secretId);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new Error(`reading Secrets Manager Secret Versions (${secretId}): ${error.code}: ${error.message}`, {
      cause: error,
    });
  }
}
