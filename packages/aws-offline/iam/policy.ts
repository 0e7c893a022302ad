import { randomUUID } from "node:crypto";
import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";

export const policy = storedType({
  token: "aws:iam/policy:Policy",
  collection: "iam/policies",
  make(inputs, cloud) {
    const prefix = inputs["namePrefix"] as string | undefined;
    const name = (inputs["name"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    const arn = `arn:aws:iam::${cloud.accountId}:policy${inputs["path"] as string}${name}`;
    const policyId = `ANPA${randomUUID().replaceAll("-", "").slice(0, 17).toUpperCase()}`;
    return { id: arn, attributes: { ...inputs, name, arn, policyId, attachmentCount: 0 } };
  },
  exists: ({ name }) =>
    new ServiceError("EntityAlreadyExists", `A policy called ${name as string} already exists.`, 409),
});
