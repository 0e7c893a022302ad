/** What AWS decides with a policy: as the offline AWS does, to which an unknown operator is an error. */
import { type Asked as LocalAsked, decide, parseStatements } from "@pulumi-line-bot/aws-offline/iam/statement";

type OneOrMore = string | string[];

export interface Statement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Action: OneOrMore;
  Resource?: OneOrMore;
  Condition?: Record<string, Record<string, OneOrMore>>;
}

export interface Asked extends Omit<LocalAsked, "resource"> {
  resource?: string;
}

export function isAllowed(statements: Statement[], { resource = "", ...asked }: Asked): boolean {
  // A role's trust policy names no resource.
  const all = statements.map((statement) => ({ Resource: "*", ...statement }));
  return decide(parseStatements(JSON.stringify({ Statement: all })), { resource, ...asked });
}
