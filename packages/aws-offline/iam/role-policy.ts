import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";
import { refuseMissingRole } from "./model.ts";

export const rolePolicy = storedType({
  token: "aws:iam/rolePolicy:RolePolicy",
  collection: "iam/role-policies",
  make(inputs, cloud) {
    const role = inputs["role"] as string;
    refuseMissingRole(cloud, role);
    const prefix = inputs["namePrefix"] as string | undefined;
    const name = (inputs["name"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    return { id: `${role}:${name}`, attributes: { ...inputs, name } };
  },
});
