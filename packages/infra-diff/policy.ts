/** What a policy lets whom do, and whether another one lets more, or less. */
import { canonicalJson } from "@pulumi-line-bot/kit/json";
import type { PropertyMap, PropertyValue } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { isMap } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { tryParseContainer } from "./property-changes.ts";

/** One statement for one action on one resource. Patterns may hold `*` and `?`. */
export interface Grant {
  effect: "Allow" | "Deny";
  /** `undefined` in a policy of a role, where it is anyone who has the role. */
  principal: string | undefined;
  action: string;
  resource: string | undefined;
  /** Canonical JSON of each condition; all have to hold. */
  conditions: string[];
  /** What cannot be taken apart, such as `NotAction`: equal only to itself. */
  opaque?: string;
}

export interface PolicyChange {
  /** What is allowed now, and was not. */
  widened: Grant[];
  /** What was allowed, and is not any more. */
  narrowed: Grant[];
}

/** `undefined` if it is no policy that could be read. */
export function tryParseGrants(text: string): Grant[] | undefined {
  const document = tryParseContainer(text);
  if (!isMap(document)) return undefined;
  const statements = toList(document["Statement"]);
  return statements.every(isMap) ? statements.flatMap(grantsOf) : undefined;
}

function grantsOf(statement: PropertyMap): Grant[] {
  const effect = statement["Effect"] === "Deny" ? "Deny" : "Allow";
  const conditions = conditionsOf(statement["Condition"]);
  if (["NotAction", "NotResource", "NotPrincipal"].some((key) => key in statement)) {
    const { Sid: _, ...rest } = statement;
    return [
      { effect, principal: undefined, action: "*", resource: undefined, conditions: [], opaque: canonicalJson(rest) },
    ];
  }
  const principals = principalsOf(statement["Principal"]);
  const resources = "Resource" in statement ? toTexts(statement["Resource"]) : [undefined];
  return principals.flatMap((principal) =>
    toTexts(statement["Action"]).flatMap((action) =>
      resources.map((resource): Grant => ({ effect, principal, action, resource, conditions })),
    ),
  );
}

/** `{ Service: "sqs…" }` as `Service sqs…`, and everybody as `*`. */
function principalsOf(value: PropertyValue | undefined): (string | undefined)[] {
  if (value === undefined) return [undefined];
  if (!isMap(value)) return toTexts(value);
  return Object.entries(value).flatMap(([kind, who]) =>
    toTexts(who).map((one) => (kind === "AWS" && one === "*" ? "*" : `${kind} ${one}`)),
  );
}

function conditionsOf(value: PropertyValue | undefined): string[] {
  if (!isMap(value)) return [];
  return Object.entries(value)
    .flatMap(([test, keys]) =>
      isMap(keys)
        ? Object.entries(keys).map(([key, values]) => canonicalJson([test, key, toTexts(values).toSorted()]))
        : [canonicalJson([test, keys])],
    )
    .toSorted();
}

const toList = (value: PropertyValue | undefined): PropertyValue[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

const toTexts = (value: PropertyValue | undefined): string[] => toList(value).map(String);

export function comparePolicies(former: Grant[], now: Grant[]): PolicyChange {
  const [was, is] = [allowed(former), allowed(now)];
  const [wasDenied, isDenied] = [denied(former), denied(now)];
  return {
    // A denial that goes allows what it denied.
    widened: [...uncovered(is, was), ...uncovered(wasDenied, isDenied)],
    narrowed: [...uncovered(was, is), ...uncovered(isDenied, wasDenied)],
  };
}

const allowed = (grants: Grant[]): Grant[] => grants.filter(({ effect }) => effect === "Allow");
const denied = (grants: Grant[]): Grant[] => grants.filter(({ effect }) => effect === "Deny");

const uncovered = (grants: Grant[], by: Grant[]): Grant[] =>
  grants.filter((grant) => !by.some((other) => covers(other, grant)));

/** Whether all that `grant` says, `wide` says too. */
function covers(wide: Grant, grant: Grant): boolean {
  if (wide.opaque !== undefined || grant.opaque !== undefined)
    return wide.opaque === grant.opaque && wide.effect === grant.effect;
  return (
    matches(wide.action.toLowerCase(), grant.action.toLowerCase()) &&
    matches(wide.resource ?? "*", grant.resource ?? "*") &&
    (wide.principal === grant.principal || wide.principal === "*") &&
    wide.conditions.every((condition) => grant.conditions.includes(condition))
  );
}

/** Whether a pattern takes in every text that another pattern takes in. */
function matches(pattern: string, other: string): boolean {
  if (pattern === other || pattern === "*") return true;
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    // One character, which must not be the other one's `*`.
    .replaceAll("?", "[^*]");
  return new RegExp(`^${source}$`, "s").test(other);
}
