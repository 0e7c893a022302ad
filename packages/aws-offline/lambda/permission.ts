import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";
import { targetOf } from "./may-invoke.ts";
import { functionsOf } from "./model.ts";

export const permission = storedType({
  token: "aws:lambda/permission:Permission",
  collection: "lambda/permissions",
  key: (attributes) => {
    const { name, qualifier } = targetOf(attributes);
    return `${name}:${qualifier}/${attributes["statementId"] as string}`;
  },
  fromImportId(importId) {
    const [target = "", statementId] = importId.split("/");
    const [name, qualifier] = target.split(":");
    const attributes = { function: name, statementId, ...(qualifier !== undefined && { qualifier }) };
    return { id: importId, attributes };
  },
  make(inputs, cloud) {
    const { name } = targetOf(inputs);
    const fn = functionsOf(cloud).get(name);
    if (!fn) throw new ServiceError("ResourceNotFoundException", `Function not found: ${name}`, 404);
    const prefix = inputs["statementIdPrefix"] as string | undefined;
    const id = (inputs["statementId"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    return { id, attributes: { ...inputs, statementId: id } };
  },
  exists: (attributes) =>
    new ServiceError(
      "ResourceConflictException",
      `The statement id (${attributes["statementId"] as string}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
      409,
    ),
});
