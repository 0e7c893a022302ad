import type { Stored, HasStore } from "../store/store.ts";
import { randomUUID } from "node:crypto";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { isEmpty } from "@pulumi-line-bot/aws-resources/compare";
import { storedType } from "../store/stored.ts";

const collection = "kms/keys";

export const key = storedType({
  token: "aws:kms/key:Key",
  collection,
  make(inputs, cloud) {
    const keyId = inputs["multiRegion"] === true ? `mrk-${randomUUID().replaceAll("-", "")}` : randomUUID();
    return {
      id: keyId,
      attributes: {
        description: "",
        multiRegion: false,
        policy: rootPolicy(cloud.accountId),
        ...inputs,
        ...rotationOf(inputs),
        keyId,
        arn: toArn("kms", inputs["region"] as string, cloud.accountId, `key/${keyId}`),
      },
    };
  },
  remake: ({ news }) => rotationOf(news),
});

/** @returns the id of the key that an id or ARN names. */
export function findKey({ store }: HasStore, idOrArn: string): Stored {
  const keyId = toKeyId(idOrArn);
  const found = store.collection<Stored>(collection).get(keyId);
  if (!found) throw new ServiceError("NotFoundException", `Key '${idOrArn}' does not exist`, 400);
  return found;
}

export const toKeyId = (idOrArn: string): string => idOrArn.split("key/").at(-1) ?? idOrArn;

function rotationOf(inputs: Attributes): Attributes {
  if (inputs["enableKeyRotation"] !== true || !isEmpty(inputs["rotationPeriodInDays"])) return {};
  return { rotationPeriodInDays: 365 };
}

/** What KMS gives a key that comes without a policy. */
function rootPolicy(accountId: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [
      {
        Sid: "Enable IAM User Permissions",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  });
}
