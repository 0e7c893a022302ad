import * as v from "valibot";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Cloud } from "../cloud.ts";
import type { Call, JsonService } from "../endpoint/json-protocol.ts";
import { useKey } from "../kms/use.ts";
import type { Secrets } from "./secrets.ts";

const Read = v.object({
  SecretId: v.string(),
  VersionId: v.optional(v.string()),
  VersionStage: v.optional(v.string()),
});
const Put = v.object({
  SecretId: v.string(),
  ClientRequestToken: v.optional(v.string()),
  SecretString: v.optional(v.string()),
  SecretBinary: v.optional(v.string()),
  VersionStages: v.optional(v.array(v.string())),
});
const Describe = v.object({ SecretId: v.string() });
const List = v.object({ SecretId: v.string(), IncludeDeprecated: v.optional(v.boolean(), false) });
const Move = v.object({
  SecretId: v.string(),
  VersionStage: v.string(),
  MoveToVersionId: v.optional(v.string()),
  RemoveFromVersionId: v.optional(v.string()),
});

/** Secrets Manager's operations that are simulated. */
const operations: JsonService["operations"] = {
  GetSecretValue(input, cloud, call) {
    const { SecretId, VersionId, VersionStage } = v.parse(Read, input);
    useKeyOf(cloud, call, SecretId, "kms:Decrypt");
    const found = cloud.secrets.getValue(SecretId, {
      ...(VersionId !== undefined && { versionId: VersionId }),
      ...(VersionStage !== undefined && { stage: VersionStage }),
    });
    return {
      ARN: found.secret.arn,
      Name: found.secret.name,
      VersionId: found.version.versionId,
      SecretString: found.secretString,
      SecretBinary: found.secretBinary,
      VersionStages: found.version.stages,
      CreatedDate: toSeconds(found.version.createdAt),
    };
  },
  PutSecretValue(input, cloud, call) {
    const { SecretId, ClientRequestToken, SecretString, SecretBinary, VersionStages } = v.parse(Put, input);
    useKeyOf(cloud, call, SecretId, "kms:GenerateDataKey");
    const version = cloud.secrets.putValue(
      SecretId,
      {
        ...(SecretString !== undefined && { secretString: SecretString }),
        ...(SecretBinary !== undefined && { secretBinary: SecretBinary }),
      },
      {
        ...(ClientRequestToken !== undefined && { versionId: ClientRequestToken }),
        ...(VersionStages && { stages: VersionStages }),
      },
    );
    const { arn, name } = cloud.secrets.find(SecretId);
    return { ARN: arn, Name: name, VersionId: version.versionId, VersionStages: version.stages };
  },
  DescribeSecret(input, cloud) {
    const { SecretId } = v.parse(Describe, input);
    return describe(cloud.secrets, SecretId);
  },
  ListSecretVersionIds(input, cloud) {
    const { SecretId, IncludeDeprecated } = v.parse(List, input);
    const { arn, name, versions } = cloud.secrets.find(SecretId);
    const listed = versions.filter(({ stages }) => IncludeDeprecated || stages.length > 0);
    const Versions = listed.map(({ versionId, stages, createdAt }) => ({
      VersionId: versionId,
      VersionStages: stages,
      CreatedDate: toSeconds(createdAt),
    }));
    return { ARN: arn, Name: name, Versions };
  },
  UpdateSecretVersionStage(input, cloud) {
    const { SecretId, VersionStage, MoveToVersionId: to, RemoveFromVersionId: from } = v.parse(Move, input);
    cloud.secrets.moveStage(SecretId, VersionStage, {
      ...(to !== undefined && { to }),
      ...(from !== undefined && { from }),
    });
    const { arn, name } = cloud.secrets.find(SecretId);
    return { ARN: arn, Name: name };
  },
};

export const secretsManager: JsonService = {
  prefix: "secretsmanager",
  operations,
  resourceOf(input, region, cloud) {
    const { SecretId } = v.parse(Describe, input);
    return (
      cloud.secrets.tryFind(SecretId)?.arn ?? toArn("secretsmanager", region, cloud.accountId, `secret:${SecretId}`)
    );
  },
};

/** A secret with a key of one's own takes a caller who may use that, too. */
function useKeyOf(cloud: Cloud, { caller, region }: Call, id: string, action: "kms:Decrypt" | "kms:GenerateDataKey") {
  const { arn, kmsKeyId } = cloud.secrets.find(id);
  const encryptionContext = { SecretARN: arn };
  useKey(cloud, caller, { action, keyId: kmsKeyId, service: "secretsmanager", region, encryptionContext });
}

function describe(secrets: Secrets, id: string): object {
  const secret = secrets.find(id);
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    CreatedDate: toSeconds(secret.createdAt),
    LastChangedDate: toSeconds(secret.changedAt),
    DeletedDate: secret.deletionAt && toSeconds(secret.deletionAt),
    Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
    VersionIdsToStages: Object.fromEntries(
      secret.versions.filter(({ stages }) => stages.length > 0).map(({ versionId, stages }) => [versionId, stages]),
    ),
  };
}

function toSeconds(milliseconds: number): number {
  return milliseconds / 1000;
}
