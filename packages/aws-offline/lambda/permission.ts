import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { matchesPattern } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";
import { functionsOf, parseFunctionName, permissionsOf } from "./model.ts";

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

/** Whether a service may invoke this qualifier of a function on behalf of a source. */
export function mayInvoke(
  cloud: Pick<Cloud, "store">,
  call: {
    functionName: string;
    qualifier: string | undefined;
    principal: string;
    sourceArn: string;
    accountId: string;
  },
): boolean {
  return permissionsOf(cloud)
    .values()
    .some(({ attributes }) => {
      const { name, qualifier } = targetOf(attributes);
      return (
        name === call.functionName &&
        // A statement on a qualifier holds for calls of just that qualifier, one without for unqualified calls.
        qualifier === (call.qualifier ?? "") &&
        ["lambda:InvokeFunction", "lambda:*", "*"].includes(attributes["action"] as string) &&
        [call.principal, "*"].includes(attributes["principal"] as string) &&
        matchesPattern((attributes["sourceArn"] as string | undefined) || "*", call.sourceArn) &&
        [undefined, "", call.accountId].includes(attributes["sourceAccount"] as string | undefined)
      );
    });
}

function targetOf(attributes: Attributes): { name: string; qualifier: string } {
  const { name, qualifier } = parseFunctionName(attributes["function"] as string);
  return { name, qualifier: (attributes["qualifier"] as string | undefined) ?? qualifier ?? "" };
}
