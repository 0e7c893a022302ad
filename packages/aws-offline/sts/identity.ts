import type { HasStore } from "../store/store.ts";
import { createHash } from "node:crypto";
import { ServiceError } from "../errors.ts";
import { toRoleName, tryFindRefusal } from "../iam/access.ts";
import type { Asked } from "../iam/statement.ts";

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

/** A function that acts in the name of its role. */
export function toRoleSession(accountId: string, roleArn: string, sessionName: string): Caller {
  const roleId = createHash("sha256").update(roleArn).digest("hex").slice(0, 17).toUpperCase();
  return {
    account: accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/${toRoleName(roleArn)}/${sessionName}`,
    userId: `AROA${roleId}:${sessionName}`,
    roleArn,
  };
}

/** Throws as AWS does when the caller's policies, or the boundary of its permissions, do not allow an action. */
export function authorize(
  cloud: HasStore,
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
