import { matchesPattern } from "@pulumi-line-bot/aws-resources/arn";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import type { HasStore } from "../store/store.ts";
import { parseFunctionName, permissionsOf } from "./model.ts";

/** Whether a service may invoke this qualifier of a function on behalf of a source. */
export function mayInvoke(
  cloud: HasStore,
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

/** The function and the qualifier that a permission is about; the qualifier may stand in the function's name. */
export function targetOf(attributes: Attributes): { name: string; qualifier: string } {
  const { name, qualifier } = parseFunctionName(attributes["function"] as string);
  return { name, qualifier: (attributes["qualifier"] as string | undefined) ?? qualifier ?? "" };
}
