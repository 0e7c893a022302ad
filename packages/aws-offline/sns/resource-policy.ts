import { ServiceError } from "../errors.ts";
import { holds, parseStatements, refuseUnknownConditions, toList } from "../iam/statement.ts";
import { isObject } from "@pulumi-line-bot/kit/json";

/** Who wants something of a topic or a queue, and in which surroundings. */
export interface ResourceRequest {
  /** Such as `sns:Publish`. */
  action: string;
  /** ARN. */
  resource: string;
  /** A service such as `cloudwatch.amazonaws.com`; undefined for a caller of the resource's own account. */
  service?: string;
  accountId: string;
  sourceArn?: string;
}

/** What a policy says to a request: whether some statement allows it, and whether some statement denies it. */
export function askPolicy(policy: string, request: ResourceRequest): { allows: boolean; denies: boolean } {
  const asked = { action: request.action, resource: request.resource, context: toContext(request) };
  const holding = parseStatements(policy).filter(
    (statement) => isPrincipal(statement.principal, request) && holds(statement, asked),
  );
  return {
    allows: holding.some(({ effect }) => effect === "Allow"),
    denies: holding.some(({ effect }) => effect === "Deny"),
  };
}

/** @throws a `ServiceError` for a policy that the service or this simulation does not understand. */
export function refuseWrongPolicy(policy: string): void {
  const statements = parseStatements(policy);
  for (const { effect, principal, actions = [], resources = [] } of statements) {
    if (
      (effect !== "Allow" && effect !== "Deny") ||
      principal === undefined ||
      actions.length === 0 ||
      resources.length === 0
    )
      throw new ServiceError(
        "InvalidParameter",
        "Invalid parameter: Policy statement needs Effect, Principal, Action and Resource",
      );
  }
  refuseUnknownConditions(statements, "topic policies", "InvalidParameter");
}

function isPrincipal(principal: unknown, { service, accountId }: ResourceRequest): boolean {
  if (principal === "*") return true;
  if (!isObject(principal)) return false;
  const accounts = toList(principal["AWS"]) ?? [];
  if (accounts.includes("*")) return true;
  if (service !== undefined) return Boolean(toList(principal["Service"])?.includes(service));
  return accounts.some((account) => account === accountId || account === `arn:aws:iam::${accountId}:root`);
}

function toContext({ accountId, sourceArn }: ResourceRequest): Record<string, string | undefined> {
  return {
    "aws:sourceaccount": accountId,
    "aws:sourceowner": accountId,
    "aws:sourcearn": sourceArn,
    // The endpoint stands for one that is reached by TLS.
    "aws:securetransport": "true",
  };
}
