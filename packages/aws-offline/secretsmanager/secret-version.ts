import type { Cloud, ResourceType } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";

/** Its value is kept by `Secrets` alone; what Pulumi sees again is read from there. */
export const secretVersion: ResourceType = {
  token: "aws:secretsmanager/secretVersion:SecretVersion",
  create(inputs, cloud) {
    const secretId = inputs["secretId"] as string;
    const { secretString, secretBinary, secretStringWo } = inputs as Record<string, string | undefined>;
    const text = secretString ?? secretStringWo;
    if (text === undefined && secretBinary === undefined)
      throw new ServiceError("InvalidRequestException", "You must provide either SecretString or SecretBinary.");
    const versionId = `terraform-${uniqueSuffix()}`;
    const stages = inputs["versionStages"] as string[] | undefined;
    cloud.secrets.putValue(
      secretId,
      text === undefined ? { secretBinary: secretBinary ?? "" } : { secretString: text },
      { versionId, ...(stages && { stages }) },
    );
    const id = `${secretId}|${versionId}`;
    return { id, attributes: { ...inputs, ...describe(id, cloud), hasSecretStringWo: secretStringWo !== undefined } };
  },
  read(id, known, cloud) {
    const [secretId = "", versionId = ""] = id.split("|");
    const record = cloud.secrets.tryFind(secretId);
    if (!record || record.deletionAt !== undefined || !cloud.secrets.tryFindVersion(secretId, { versionId }))
      return undefined;
    const { secretString, secretBinary } = cloud.secrets.getValue(secretId, { versionId });
    const value = known["hasSecretStringWo"] === true ? {} : { secretString, secretBinary };
    return { id, attributes: { secretId, ...known, ...value, ...describe(id, cloud) } };
  },
  update(id, { olds, news, changed }, cloud) {
    const [secretId = "", versionId = ""] = id.split("|");
    if (changed.has("versionStages"))
      cloud.secrets.setStages(secretId, versionId, (news["versionStages"] as string[] | undefined) ?? []);
    return { ...olds, ...news, ...describe(id, cloud) };
  },
  /** The version stays; it loses the labels that the state knows of, but not AWSCURRENT before another takes its place. */
  delete(id, known, cloud) {
    const [secretId = "", versionId = ""] = id.split("|");
    const version = cloud.secrets.tryFindVersion(secretId, { versionId });
    const labels = (known["versionStages"] as string[] | undefined) ?? [];
    const left = version?.stages.filter((stage) => !labels.includes(stage));
    if (left !== undefined) cloud.secrets.setStages(secretId, versionId, left);
  },
};

function describe(id: string, cloud: Cloud): Attributes {
  const [secretId = "", versionId = ""] = id.split("|");
  const { arn } = cloud.secrets.find(secretId);
  const stages = cloud.secrets.tryFindVersion(secretId, { versionId })?.stages ?? [];
  return { arn, secretArn: arn, versionId, versionStages: [...stages].sort() };
}
