import { randomInt } from "node:crypto";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { ResourceType } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";
import { isEmpty } from "@pulumi-line-bot/aws-resources/compare";

/** The record that Pulumi sees; the values and the deletion date are with `Secrets`. */
const stored = storedType({
  token: "aws:secretsmanager/secret:Secret",
  collection: "secretsmanager/secret-resources",
  make(inputs, cloud) {
    const prefix = inputs["namePrefix"] as string | undefined;
    const name = (inputs["name"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    const arn = toArn("secretsmanager", inputs["region"] as string, cloud.accountId, `secret:${name}-${randomEnd()}`);
    cloud.secrets.create({ arn, name, ...toDetails(inputs) });
    return { id: arn, attributes: { policy: "", ...inputs, name, arn } };
  },
  remake({ news }, cloud, id) {
    cloud.secrets.put({ ...cloud.secrets.find(id), ...toDetails(news) });
    return {};
  },
  removing(attributes, cloud, id) {
    cloud.secrets.delete(id, attributes["recoveryWindowInDays"] as number);
  },
});

export const secret: ResourceType = {
  ...stored,
  /** A secret with a deletion date counts as missing. */
  read(id, known, cloud) {
    const record = cloud.secrets.tryFind(id);
    if (!record || record.deletionAt !== undefined) return undefined;
    const found = stored.read(id, known, cloud);
    return found && { id, attributes: { ...found.attributes, description: record.description, tagsAll: record.tags } };
  },
};

function toDetails(inputs: Attributes): {
  tags: Record<string, string>;
  recoveryWindowInDays: number;
  description?: string;
  policy?: string;
  kmsKeyId?: string;
} {
  const text = Object.fromEntries(
    ["description", "policy", "kmsKeyId"].filter((name) => !isEmpty(inputs[name])).map((name) => [name, inputs[name]]),
  );
  return {
    ...text,
    tags: (inputs["tagsAll"] as Record<string, string> | undefined) ?? {},
    recoveryWindowInDays: inputs["recoveryWindowInDays"] as number,
  };
}

/** Six letters and digits, new for every secret, so that one made again is another one. */
function randomEnd(): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length: 6 }, () => alphabet[randomInt(alphabet.length)]).join("");
}
