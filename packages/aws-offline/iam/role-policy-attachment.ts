import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { AWS_POLICIES } from "./access.ts";
import { policiesOf, refuseMissingRole } from "./model.ts";

export const rolePolicyAttachment = storedType({
  token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  collection: "iam/role-policy-attachments",
  make(inputs, cloud) {
    const { role, policyArn } = inputs as { role: string; policyArn: string };
    refuseMissingRole(cloud, role);
    if (!AWS_POLICIES[policyArn] && !policiesOf(cloud).get(policyArn))
      throw new ServiceError(
        "NoSuchEntity",
        `Policy ${policyArn} does not exist or is not attachable. Of AWS's own policies the offline AWS knows ${Object.keys(AWS_POLICIES).join(" and ")}.`,
        404,
      );
    return { id: `${role}/${policyArn}`, attributes: inputs };
  },
});
