import { matchesPattern } from "../arn.ts";
import type { Cloud } from "../cloud.ts";
import { isObject } from "../provider/wire.ts";
import type { Stored } from "../store/stored.ts";
import { attachmentsOf, policiesOf, rolePoliciesOf, rolesOf } from "./model.ts";

type Holder = Pick<Cloud, "store">;

interface Statement {
  allows: boolean;
  actions: string[] | undefined;
  notActions: string[] | undefined;
  resources: string[] | undefined;
  notResources: string[] | undefined;
  services: string[];
  isConditional: boolean;
}

/** Of AWS's own policies those that a function's role may have here. */
export const AWS_POLICIES: Record<string, string> = {
  "arn:aws:iam::aws:policy/AdministratorAccess": toDocument("*"),
  "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": toDocument("logs:*"),
};

/**
 * Whether a role's policies allow an action: some statement allows it and none denies it. Conditions are not
 * evaluated: an allowing statement holds as if its condition did, a denying one as if it did not.
 */
export function isAllowed(cloud: Holder, roleArn: string, action: string, resource: string): boolean {
  const matching = statementsOf(cloud, toRoleName(roleArn)).filter((statement) => matches(statement, action, resource));
  return (
    matching.some(({ allows }) => allows) && !matching.some(({ allows, isConditional }) => !allows && !isConditional)
  );
}

/** Whether a role exists and trusts a service, such as `lambda.amazonaws.com`, to act in its name. */
export function canBeAssumedBy(cloud: Holder, roleArn: string, service: string): boolean {
  const role = rolesOf(cloud).get(toRoleName(roleArn));
  if (role?.attributes["arn"] !== roleArn) return false;
  return parsePolicy(role, role.attributes["assumeRolePolicy"] as string).some(
    ({ allows, services, actions }) =>
      allows &&
      services.includes(service) &&
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
    .flatMap((attachment) => {
      const arn = attachment.attributes["policyArn"] as string;
      const own = policiesOf(cloud).get(arn);
      return own
        ? parsePolicy(own, own.attributes["policy"] as string)
        : parsePolicy(attachment, AWS_POLICIES[arn] ?? "{}");
    });
  return [...inline, ...attached];
}

const parsed = new WeakMap<Stored, Statement[]>();

/** Parsed once for each record, which is replaced when it changes. */
function parsePolicy(holder: Stored, document: string): Statement[] {
  let statements = parsed.get(holder);
  if (!statements) {
    const { Statement: given = [] } = JSON.parse(document) as { Statement?: unknown };
    statements = (Array.isArray(given) ? given : [given]).filter(isObject).map(toStatement);
    parsed.set(holder, statements);
  }
  return statements;
}

function toStatement(statement: Record<string, unknown>): Statement {
  const principal = statement["Principal"];
  return {
    allows: statement["Effect"] === "Allow",
    actions: toList(statement["Action"]),
    notActions: toList(statement["NotAction"]),
    resources: toList(statement["Resource"]),
    notResources: toList(statement["NotResource"]),
    services: (isObject(principal) && toList(principal["Service"])) || [],
    isConditional: statement["Condition"] !== undefined,
  };
}

function matches(statement: Statement, action: string, resource: string): boolean {
  const { actions, notActions, resources, notResources } = statement;
  // The names of actions are told apart by nothing but their letters.
  const isAction = (pattern: string) => matchesPattern(pattern.toLowerCase(), action.toLowerCase());
  const isResource = (pattern: string) => matchesPattern(pattern, resource);
  return (
    (actions ? actions.some(isAction) : Boolean(notActions) && !notActions?.some(isAction)) &&
    (resources ? resources.some(isResource) : Boolean(notResources) && !notResources?.some(isResource))
  );
}

function toList(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  return (Array.isArray(value) ? value : [value]).map(String);
}

function toDocument(action: string): string {
  return JSON.stringify({ Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });
}
