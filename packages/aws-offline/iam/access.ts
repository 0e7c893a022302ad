import type { Stored, HasStore } from "../store/store.ts";
import { matchesPattern } from "@pulumi-line-bot/aws-resources/arn";
import { isObject } from "@pulumi-line-bot/kit/json";
import { attachmentsOf, policiesOf, rolePoliciesOf, rolesOf } from "./model.ts";
import { type Asked, decide, parseStatements, type Statement, toList } from "./statement.ts";

type Holder = HasStore;

/** Those of AWS's own policies that a function's role may have here. */
export const AWS_POLICIES: Record<string, string> = {
  "arn:aws:iam::aws:policy/AdministratorAccess": toDocument("*"),
  "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": toDocument("logs:*"),
};

/** What of a role's policies leaves an action unallowed; `undefined`: nothing does. */
export type Refusal = "identity-based policy" | "permissions boundary";

/**
 * Whether a role may do something: by its policies some statement allows it and none denies it, and so by the boundary
 * of its permissions, if it has one.
 */
export function isAllowed(
  cloud: Holder,
  roleArn: string,
  action: string,
  resource: string,
  context?: Asked["context"],
): boolean {
  return tryFindRefusal(cloud, roleArn, { action, resource, ...(context && { context }) }) === undefined;
}

export function tryFindRefusal(cloud: Holder, roleArn: string, asked: Asked): Refusal | undefined {
  const name = toRoleName(roleArn);
  const here = { ...asked, context: { "aws:SecureTransport": "true", ...asked.context } };
  if (!decide(statementsOf(cloud, name), here)) return "identity-based policy";
  const boundary = rolesOf(cloud).get(name)?.attributes["permissionsBoundary"];
  if (typeof boundary !== "string" || boundary === "") return undefined;
  // Nobody knows what a boundary allows that is not there.
  return decide(policyOf(cloud, boundary), here) ? undefined : "permissions boundary";
}

/** Whether a role exists and trusts a service, such as `lambda.amazonaws.com`, to act in its name. */
export function canBeAssumedBy(cloud: Holder, roleArn: string, service: string): boolean {
  const role = rolesOf(cloud).get(toRoleName(roleArn));
  if (role?.attributes["arn"] !== roleArn) return false;
  return parsePolicy(role, role.attributes["assumeRolePolicy"] as string).some(
    ({ effect, principal, actions }) =>
      effect === "Allow" &&
      isObject(principal) &&
      Boolean(toList(principal["Service"])?.includes(service)) &&
      Boolean(actions?.some((action) => matchesPattern(action, "sts:AssumeRole"))),
  );
}

export function toRoleName(roleArn: string): string {
  return roleArn.split("/").at(-1) ?? "";
}

function statementsOf(cloud: Holder, role: string): Statement[] {
  const inline = rolePoliciesOf(cloud)
    .values()
    .filter(({ attributes }) => attributes["role"] === role)
    .flatMap((policy) => parsePolicy(policy, policy.attributes["policy"] as string));
  const attached = attachmentsOf(cloud)
    .values()
    .filter(({ attributes }) => attributes["role"] === role)
    .flatMap(({ attributes }) => policyOf(cloud, attributes["policyArn"] as string));
  return [...inline, ...attached];
}

function policyOf(cloud: Holder, arn: string): Statement[] {
  const own = policiesOf(cloud).get(arn);
  return own ? parsePolicy(own, own.attributes["policy"] as string) : parseStatements(AWS_POLICIES[arn] ?? "{}");
}

const parsed = new WeakMap<Stored, Statement[]>();

/** Parsed once for each record, which is replaced when it changes. */
function parsePolicy(holder: Stored, document: string): Statement[] {
  let statements = parsed.get(holder);
  if (!statements) parsed.set(holder, (statements = parseStatements(document)));
  return statements;
}

function toDocument(action: string): string {
  return JSON.stringify({ Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });
}
