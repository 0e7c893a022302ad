/** What AWS decides with a policy, as far as the account's policies need it: an unknown operator is an error. */
import { matchesPattern } from "../../../local/aws/arn.ts";

type OneOrMore = string | string[];

export interface Statement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Action: OneOrMore;
  Resource?: OneOrMore;
  Condition?: Record<string, Record<string, OneOrMore>>;
}

export interface Asked {
  action: string;
  resource?: string;
  /** Condition keys and their values; what is not in here is not in the request. */
  context?: Record<string, string>;
}

export function isAllowed(statements: Statement[], asked: Asked): boolean {
  const holding = statements.filter((statement) => holds(statement, asked));
  return holding.some(({ Effect }) => Effect === "Allow") && !holding.some(({ Effect }) => Effect === "Deny");
}

function holds({ Action, Resource = "*", Condition = {} }: Statement, { action, resource = "", context = {} }: Asked) {
  return (
    listOf(Action).some((pattern) => matchesPattern(pattern, action)) &&
    listOf(Resource).some((pattern) => matchesPattern(pattern, resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => find(operator)(context[key], listOf(wanted))),
    )
  );
}

type Operator = (value: string | undefined, wanted: string[]) => boolean;

/** Of a key that is not in the request, no positive operator holds and each negated one does. */
const operators: Record<string, Operator> = {
  StringEquals: (value, wanted) => value !== undefined && wanted.includes(value),
  StringNotEquals: (value, wanted) => value === undefined || !wanted.includes(value),
  ArnLike: (value, wanted) => value !== undefined && wanted.some((pattern) => matchesPattern(pattern, value)),
  Null: (value, [wanted]) => (value === undefined) === (wanted === "true"),
};

function find(operator: string): Operator {
  const found = operators[operator];
  if (found === undefined) throw new Error(`No such operator here: ${operator}`);
  return found;
}

const listOf = (value: OneOrMore): string[] => [value].flat();
