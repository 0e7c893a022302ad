import { randomUUID } from "node:crypto";
import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";
import { attachmentsOf, rolePoliciesOf } from "./model.ts";

export const role = storedType({
  token: "aws:iam/role:Role",
  collection: "iam/roles",
  make(inputs, cloud) {
    const prefix = inputs["namePrefix"] as string | undefined;
    const name = (inputs["name"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    return {
      id: name,
      attributes: {
        ...inputs,
        name,
        arn: `arn:aws:iam::${cloud.accountId}:role${inputs["path"] as string}${name}`,
        createDate: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
        uniqueId: `AROA${randomUUID().replaceAll("-", "").slice(0, 17).toUpperCase()}`,
      },
    };
  },
  removing(attributes, cloud, id) {
    if (attributes["forceDetachPolicies"] === true) return;
    const inUse = [...rolePoliciesOf(cloud).values(), ...attachmentsOf(cloud).values()].some(
      (below) => below.attributes["role"] === id,
    );
    if (inUse) throw new ServiceError("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409);
  },
  exists: ({ name }) =>
    new ServiceError("EntityAlreadyExists", `Role with name ${name as string} already exists.`, 409),
});
