import { matchesPattern } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { isObject } from "@pulumi-line-bot/kit/json";

/** What is asked of a policy: an action on a resource, in surroundings. */
export interface Asked {
  /** Such as `sns:Publish`. */
  action: string;
  /** ARN, or `*` for an action that knows no resources. */
  resource: string;
  /** Condition keys and their values; what is not in here is not in the request. */
  context?: Readonly<Record<string, string | undefined>>;
}

export interface Statement {
  effect: unknown;
  principal: unknown;
  actions: string[] | undefined;
  notActions: string[] | undefined;
  resources: string[] | undefined;
  notResources: string[] | undefined;
  conditions: [operator: string, key: string, wanted: string[]][];
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
const KNOWN = [...Object.keys(OPERATORS), "Null"];

export function parseStatements(document: string): Statement[] {
  const { Statement: given = [] } = JSON.parse(document) as { Statement?: unknown };
  return (Array.isArray(given) ? given : [given]).filter(isObject).map(toStatement);
}

/** Whether some statement allows it and none denies it. */
export function decide(statements: readonly Statement[], asked: Asked): boolean {
  const holding = statements.filter((statement) => holds(statement, asked));
  return holding.some(({ effect }) => effect === "Allow") && !holding.some(({ effect }) => effect === "Deny");
}

/** Whether a statement is about this; of whom it speaks is not looked at. */
export function holds(
  { actions, notActions, resources, notResources, conditions }: Statement,
  { action, resource, context = {} }: Asked,
): boolean {
  // The names of actions and of condition keys differ by their letters, not by case.
  const isAction = (pattern: string) => matchesPattern(pattern.toLowerCase(), action.toLowerCase());
  const isResource = (pattern: string) => matchesPattern(pattern, resource);
  return (
    (actions ? actions.some(isAction) : Boolean(notActions) && !notActions?.some(isAction)) &&
    (resources ? resources.some(isResource) : Boolean(notResources) && !notResources?.some(isResource)) &&
    conditions.every(([operator, key, wanted]) => isMet(operator, findValue(context, key), wanted))
  );
}

function findValue(context: NonNullable<Asked["context"]>, key: string): string | undefined {
  return Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
}

/** @throws a `ServiceError` for a condition that is not evaluated here. */
export function refuseUnknownConditions(statements: readonly Statement[], of: string, code: string): void {
  const unknown = statements.flatMap(({ conditions }) => conditions).find(([operator]) => !KNOWN.includes(operator));
  if (unknown === undefined) return;
  const known = KNOWN.join(", ");
  throw new ServiceError(
    code,
    `The offline AWS does not evaluate the condition ${unknown[0]} of ${of}; it knows ${known}`,
  );
}

/** A key that the request has no value for meets only what is negated. */
function isMet(operator: string, value: string | undefined, wanted: string[]): boolean {
  if (operator === "Null") return (value === undefined) === (wanted[0] === "true");
  const known = OPERATORS[operator];
  if (known === undefined) throw new Error(`The offline AWS does not evaluate the condition ${operator}`);
  return (value !== undefined && wanted.some((one) => known.test(value, one))) !== (known.negated ?? false);
}

function toStatement(statement: Record<string, unknown>): Statement {
  return {
    effect: statement["Effect"],
    principal: statement["Principal"],
    actions: toList(statement["Action"]),
    notActions: toList(statement["NotAction"]),
    resources: toList(statement["Resource"]),
    notResources: toList(statement["NotResource"]),
    conditions: Object.entries((statement["Condition"] ?? {}) as Record<string, Record<string, unknown>>).flatMap(
      ([operator, tests]) =>
        Object.entries(tests).map(([key, wanted]): Statement["conditions"][number] => [
          operator,
          key,
          toList(wanted) ?? [],
        ]),
    ),
  };
}

export function toList(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  return (Array.isArray(value) ? value : [value]).map(String);
}
