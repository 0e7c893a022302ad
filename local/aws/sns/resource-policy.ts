import { matchesPattern } from "../arn.ts";
import { ServiceError } from "../errors.ts";
import { isObject } from "../provider/wire.ts";

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

type Test = (value: string, wanted: string) => boolean;
const equals: Test = (value, wanted) => value === wanted;
const like: Test = (value, wanted) => matchesPattern(wanted, value);

/** Conditions that are evaluated. Behind `Not`, every wanted value has to differ. */
const OPERATORS: Record<string, { test: Test; negated?: true }> = {
  StringEquals: { test: equals },
  StringNotEquals: { test: equals, negated: true },
  StringLike: { test: like },
  StringNotLike: { test: like, negated: true },
  ArnEquals: { test: like },
  ArnLike: { test: like },
  ArnNotEquals: { test: like, negated: true },
  ArnNotLike: { test: like, negated: true },
  Bool: { test: (value, wanted) => value === wanted.toLowerCase() },
};

interface Statement {
  effect: unknown;
  principal: unknown;
  actions: string[];
  resources: string[];
  conditions: [operator: string, key: string, wanted: string[]][];
}

/** What a policy says to a request: whether some statement allows it, and whether some statement denies it. */
export function askPolicy(policy: string, request: ResourceRequest): { allows: boolean; denies: boolean } {
  const holding = toStatements(policy).filter((statement) => holds(statement, request));
  return {
    allows: holding.some(({ effect }) => effect === "Allow"),
    denies: holding.some(({ effect }) => effect === "Deny"),
  };
}

/** @throws a `ServiceError` for a policy that the service or this simulation does not understand. */
export function refuseWrongPolicy(policy: string): void {
  for (const { effect, principal, actions, resources, conditions } of toStatements(policy)) {
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
    const unknown = conditions.find(([operator]) => !OPERATORS[operator]);
    if (unknown)
      throw new ServiceError(
        "InvalidParameter",
        `The offline AWS does not evaluate the condition ${unknown[0]} of topic policies; it knows ${Object.keys(OPERATORS).join(", ")}`,
      );
  }
}

function holds({ principal, actions, resources, conditions }: Statement, request: ResourceRequest): boolean {
  return (
    isPrincipal(principal, request) &&
    actions.some((action) => matchesPattern(action.toLowerCase(), request.action.toLowerCase())) &&
    resources.some((resource) => matchesPattern(resource, request.resource)) &&
    conditions.every(([operator, key, wanted]) => isMet(operator, toContext(request)[key.toLowerCase()], wanted))
  );
}

function isPrincipal(principal: unknown, { service, accountId }: ResourceRequest): boolean {
  if (principal === "*") return true;
  if (!isObject(principal)) return false;
  const accounts = toList(principal["AWS"]);
  if (accounts.includes("*")) return true;
  if (service !== undefined) return toList(principal["Service"]).includes(service);
  return accounts.some((account) => account === accountId || account === `arn:aws:iam::${accountId}:root`);
}

/** A key that the request has no value for meets only what is negated. */
function isMet(operator: string, value: string | undefined, wanted: string[]): boolean {
  const { test, negated = false } = OPERATORS[operator] ?? { test: () => false };
  return (value !== undefined && wanted.some((one) => test(value, one))) !== negated;
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

function toStatements(policy: string): Statement[] {
  const { Statement: statements } = JSON.parse(policy) as { Statement?: unknown };
  return (Array.isArray(statements) ? statements : [statements]).filter(isObject).map((statement) => ({
    effect: statement["Effect"],
    principal: statement["Principal"],
    actions: toList(statement["Action"]),
    resources: toList(statement["Resource"]),
    conditions: Object.entries((statement["Condition"] ?? {}) as Record<string, Record<string, unknown>>).flatMap(
      ([operator, tests]) =>
        Object.entries(tests).map(([key, wanted]): Statement["conditions"][number] => [operator, key, toList(wanted)]),
    ),
  }));
}

function toList(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}
