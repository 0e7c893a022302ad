import { canonicalJson, isObject, tryParseJson } from "@pulumi-line-bot/kit/json";

/**
 * IAM policy documents by meaning: key order, white space, order inside Action, Resource and Principal, one-element
 * array or string, one statement or a list of them, and an empty Sid do not count.
 */
export function samePolicy(one: string, other: string): boolean {
  if (one === other) return true;
  const [left, right] = [tryParseJson(one), tryParseJson(other)];
  if (left === undefined || right === undefined) return false;
  return canonicalJson(normalize(left)) === canonicalJson(normalize(right));
}

/** JSON by meaning; numbers and strings stay different. */
export function sameJson(one: string, other: string): boolean {
  if (one === other) return true;
  const [left, right] = [tryParseJson(one), tryParseJson(other)];
  return left !== undefined && right !== undefined && canonicalJson(left) === canonicalJson(right);
}

const SETS = new Set(["Action", "NotAction", "Resource", "NotResource"]);

function normalize(document: unknown): unknown {
  if (!isObject(document)) return document;
  const { Statement: statements, ...rest } = document;
  return { ...rest, Statement: toList(statements).map(normalizeStatement) };
}

function normalizeStatement(statement: unknown): unknown {
  if (!isObject(statement)) return statement;
  return Object.fromEntries(
    Object.entries(statement)
      .filter(([name, value]) => !(name === "Sid" && value === ""))
      .map(([name, value]) => [name, normalizeMember(name, value)]),
  );
}

function normalizeMember(name: string, value: unknown): unknown {
  if (SETS.has(name)) return toSet(value);
  if (name === "Principal" || name === "NotPrincipal") {
    const principal = value === "*" ? { AWS: "*" } : value;
    return isObject(principal) ? mapObject(principal, toSet) : principal;
  }
  if (name === "Condition" && isObject(value))
    return mapObject(value, (test) => (isObject(test) ? mapObject(test, toSet) : test));
  return value;
}

/** Conditions take numbers and booleans as text, too. */
function toSet(value: unknown): unknown {
  return [...new Set(toList(value).map(String))].sort();
}

function toList(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

function mapObject(value: Record<string, unknown>, to: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, to(member)]));
}
