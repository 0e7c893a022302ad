import * as v from "valibot";

const oneOrMore = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((value) => [value].flat()),
);

const statement = v.strictObject({
  Sid: v.optional(v.string()),
  Effect: v.picklist(["Allow", "Deny"]),
  Principal: v.optional(v.union([v.literal("*"), v.record(v.string(), oneOrMore)])),
  // NotPrincipal, NotAction and NotResource are refused: they grant whatever nobody thought of.
  Action: oneOrMore,
  Resource: v.optional(oneOrMore, []),
  Condition: v.optional(v.record(v.string(), v.record(v.string(), oneOrMore)), {}),
});

const document = v.strictObject({
  Version: v.literal("2012-10-17"),
  Id: v.optional(v.string()),
  Statement: v.union([
    v.array(statement),
    v.pipe(
      statement,
      v.transform((one) => [one]),
    ),
  ]),
});

export type Statement = v.InferOutput<typeof statement>;

/**
 * What a policy document says, if it is one: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 * `undefined` if it is not, or says it in negations; nobody can tell what it grants.
 */
export function tryParsePolicy(text: unknown): Statement[] | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), document), text);
  return parsed.success ? parsed.output.Statement : undefined;
}

const unreadable =
  "write the policy as a document of Version 2012-10-17 with Effect, Principal, Action, Resource and Condition only, without NotAction, NotResource or NotPrincipal";

/** What is wrong with a policy document, statement by statement. No document: nothing. */
export function checkPolicy(text: unknown, check: (statement: Statement) => string[]): string[] {
  if (text === undefined || text === "") return [];
  return tryParsePolicy(text)?.flatMap(check) ?? [unreadable];
}

export const allows = ({ Effect }: Statement): boolean => Effect === "Allow";

/** Whom a statement is about: "*" for everybody, else as `Service:lambda.amazonaws.com`. */
export function principalsOf({ Principal = {} }: Statement): string[] {
  if (Principal === "*") return ["*"];
  return Object.entries(Principal).flatMap(([kind, ids]) => ids.map((id) => (id === "*" ? "*" : `${kind}:${id}`)));
}

/** Grants to everybody: a condition may narrow one, which is too easily wrong. */
export const checkNotPublic = (text: unknown): string[] =>
  checkPolicy(text, (statement) =>
    allows(statement) && principalsOf(statement).includes("*")
      ? ["name who may in the policy: `*` as Principal of an Allow is everybody"]
      : [],
  );

/** Whether a document denies everybody these actions on the resource, unless the connection is encrypted. */
export function requiresTls(text: unknown, action: string, resource: string | undefined): boolean {
  return (tryParsePolicy(text) ?? []).some(
    (statement) =>
      statement.Effect === "Deny" &&
      principalsOf(statement).includes("*") &&
      statement.Action.includes(action) &&
      statement.Resource.includes(resource ?? "") &&
      JSON.stringify(statement.Condition) === onlyWithoutTls,
  );
}

const onlyWithoutTls = JSON.stringify({ Bool: { "aws:SecureTransport": ["false"] } });
