import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Cloud } from "../cloud.ts";
import { ServiceError } from "../errors.ts";
import { toRoleName, tryFindRefusal } from "../iam/access.ts";
import type { Asked } from "../iam/statement.ts";
import { functionsOf } from "../lambda/model.ts";

/** Who calls: a function in the name of its role, or the account's owner, who may do everything. */
export interface Caller {
  account: string;
  arn: string;
  userId: string;
  /** ARN of the role whose policies decide; undefined for the owner. */
  roleArn?: string;
}

export function toOwner(accountId: string): Caller {
  return { account: accountId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId };
}

/** The access key that a function's workers get: it tells the function, and is good for nothing else. */
export function toAccessKeyId(functionName: string): string {
  return `ASIA${createHash("sha256").update(functionName).digest("hex").slice(0, 16).toUpperCase()}`;
}

/** Who signed a request, by its access key. */
export function toCaller(
  { authorization = "" }: IncomingHttpHeaders,
  cloud: Pick<Cloud, "store" | "accountId">,
): Caller {
  const [, accessKeyId] = /Credential=([^/]+)\//.exec(authorization) ?? [];
  const fn = functionsOf(cloud)
    .values()
    .find(({ name }) => toAccessKeyId(name) === accessKeyId);
  if (!fn) return toOwner(cloud.accountId);
  const roleArn = fn.latest.role;
  return {
    account: cloud.accountId,
    arn: `arn:aws:sts::${cloud.accountId}:assumed-role/${toRoleName(roleArn)}/${fn.name}`,
    userId: `${accessKeyId?.replace("ASIA", "AROA")}:${fn.name}`,
    roleArn,
  };
}

/** Throws as AWS does when the caller's policies, or the boundary of its permissions, do not allow an action. */
export function authorize(
  cloud: Pick<Cloud, "store">,
  caller: Caller,
  action: string,
  resource: string,
  context?: Asked["context"],
): void {
  if (caller.roleArn === undefined) return;
  const refusal = tryFindRefusal(cloud, caller.roleArn, { action, resource, ...(context && { context }) });
  if (refusal === undefined) return;
  throw new ServiceError(
    "AccessDeniedException",
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} ` +
      `because no ${refusal} allows the ${action} action`,
  );
}
