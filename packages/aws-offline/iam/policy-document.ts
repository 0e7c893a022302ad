/** `aws:iam/getPolicyDocument`: statements in, JSON text out, rendered as Terraform's own data source does. */
import { crc32 } from "node:zlib";
import * as v from "valibot";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";

const Strings = v.optional(v.array(v.string()), []);
const Principals = v.optional(v.array(v.object({ type: v.string(), identifiers: v.array(v.string()) })), []);
const Statement = v.strictObject({
  sid: v.optional(v.pipe(v.string(), v.regex(/^[a-zA-Z0-9]*$/, "expected letters and digits in sid"))),
  effect: v.optional(v.picklist(["Allow", "Deny"]), "Allow"),
  actions: Strings,
  notActions: Strings,
  resources: Strings,
  notResources: Strings,
  principals: Principals,
  notPrincipals: Principals,
  conditions: v.optional(
    v.array(v.object({ test: v.string(), variable: v.string(), values: v.array(v.string()) })),
    [],
  ),
});
const Arguments = v.strictObject({
  policyId: v.optional(v.string()),
  version: v.optional(v.picklist(["2008-10-17", "2012-10-17"]), "2012-10-17"),
  statements: v.optional(v.array(Statement), []),
  sourcePolicyDocuments: Strings,
  overridePolicyDocuments: Strings,
  overrideJson: v.optional(v.literal("")),
  sourceJson: v.optional(v.literal("")),
});

type StatementArguments = v.InferOutput<typeof Statement>;
type Rendered = Record<string, unknown>;

export function getPolicyDocument(args: Attributes): Attributes {
  const { policyId, version, statements, ...documents } = v.parse(Arguments, args);
  refuseDoubleSids(statements.map(({ sid }) => sid));
  const sources = documents.sourcePolicyDocuments.flatMap(statementsOf);
  refuseDoubleSids(sources.map((statement) => statement["Sid"]));
  const own = statements.map((statement) => render(statement, version));
  const all = [own, documents.overridePolicyDocuments.flatMap(statementsOf)].reduce(override, sources);
  const document = {
    Version: version,
    ...(policyId && { Id: policyId }),
    ...(all.length > 0 && { Statement: all }),
  };
  const json = escapeLikeGo(JSON.stringify(document, null, 2));
  return {
    ...args,
    version,
    statements,
    json,
    minifiedJson: escapeLikeGo(JSON.stringify(document)),
    id: String(crc32(json)),
  };
}

function render(statement: StatementArguments, version: string): Rendered {
  const members: [string, unknown][] = [
    ["Sid", statement.sid],
    ["Effect", statement.effect],
    ["Action", oneOrDescending(statement.actions)],
    ["NotAction", oneOrDescending(statement.notActions)],
    ["Resource", oneOrDescending(statement.resources)],
    ["NotResource", oneOrDescending(statement.notResources)],
    ["Principal", toPrincipal(statement.principals)],
    ["NotPrincipal", toPrincipal(statement.notPrincipals)],
    ["Condition", toCondition(statement.conditions)],
  ];
  const kept = members.filter(([, value]) => value !== undefined && value !== "");
  return withVariables(Object.fromEntries(kept), version) as Rendered;
}

function toPrincipal(principals: StatementArguments["principals"]): unknown {
  if (principals.length === 0) return undefined;
  const [first] = principals;
  if (principals.length === 1 && first?.type === "*" && first.identifiers.join() === "*") return "*";
  const byType: Record<string, string[]> = {};
  for (const { type, identifiers } of principals) byType[type] = [...(byType[type] ?? []), ...identifiers];
  return mapSorted(byType, oneOrDescending);
}

function toCondition(conditions: StatementArguments["conditions"]): unknown {
  if (conditions.length === 0) return undefined;
  const byTest: Record<string, Record<string, string[]>> = {};
  for (const { test, variable, values } of conditions) {
    const variables = (byTest[test] ??= {});
    variables[variable] = [...(variables[variable] ?? []), ...values];
  }
  return mapSorted(byTest, (variables) => mapSorted(variables, (values) => (values.length === 1 ? values[0] : values)));
}

/** Terraform's order for sets of this data source. */
function oneOrDescending(values: string[]): unknown {
  const unique = [...new Set(values)].sort().toReversed();
  return unique.length > 1 ? unique : unique[0];
}

function mapSorted<T>(record: Record<string, T>, to: (value: T) => unknown): Rendered {
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, to(record[key] as T)]),
  );
}

/** `&{name}` stands for a variable of IAM, which Terraform would otherwise take for its own. */
function withVariables(value: unknown, version: string): unknown {
  if (typeof value === "string") {
    if (!value.includes("&{")) return value;
    if (version === "2008-10-17") throw new Error(`found &{ sequence in (${value}), which version 2008-10-17 lacks`);
    return value.replaceAll("&{", "${");
  }
  if (Array.isArray(value)) return value.map((item) => withVariables(item, version));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withVariables(member, version)]));
}

/** A statement with the same Sid takes the place of the former one. */
function override(base: Rendered[], more: Rendered[]): Rendered[] {
  const merged = [...base];
  for (const statement of more) {
    const at = merged.findIndex(({ Sid }) => Sid && Sid === statement["Sid"]);
    if (at >= 0) merged[at] = statement;
    else merged.push(statement);
  }
  return merged;
}

function statementsOf(document: string): Rendered[] {
  const { Statement: statements } = v.parse(
    v.object({ Statement: v.optional(v.array(v.record(v.string(), v.unknown())), []) }),
    JSON.parse(document),
  );
  return statements;
}

function refuseDoubleSids(sids: unknown[]): void {
  const given = sids.filter(Boolean);
  const double = given.find((sid, index) => given.indexOf(sid) !== index);
  if (double !== undefined)
    throw new Error(`duplicate Sid (${JSON.stringify(double)}): each statement needs one of its own`);
}

function escapeLikeGo(json: string): string {
  const escapes: Record<string, string> = { "<": String.raw`\u003c`, ">": String.raw`\u003e`, "&": String.raw`\u0026` };
  return json.replaceAll(/[<>&]/g, (character) => escapes[character] ?? character);
}
