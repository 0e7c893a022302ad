import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";
import { findKey, toKeyId } from "./key.ts";

export const keyAlias = storedType({
  token: "aws:kms/alias:Alias",
  collection: "kms/aliases",
  make(inputs, cloud) {
    const prefix = inputs["namePrefix"] as string | undefined;
    const name = (inputs["name"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    const target = findKey(cloud, inputs["targetKeyId"] as string);
    return {
      id: name,
      attributes: {
        ...inputs,
        name,
        targetKeyArn: target.attributes["arn"],
        arn: toArn("kms", inputs["region"] as string, cloud.accountId, name),
      },
    };
  },
  remake: ({ news }, cloud) => ({
    targetKeyArn: findKey(cloud, news["targetKeyId"] as string).attributes["arn"],
  }),
  recomputes: ({ changed }) => (changed.has("targetKeyId") ? ["targetKeyArn"] : []),
  same: (property, old, wanted) =>
    property === "targetKeyId" &&
    typeof old === "string" &&
    typeof wanted === "string" &&
    toKeyId(old) === toKeyId(wanted),
  exists: ({ arn }) =>
    new ServiceError("AlreadyExistsException", `An alias with the name ${arn as string} already exists`, 400),
});
