import { describe, expect, it } from "vitest";
import { comparePolicies, tryParseGrants } from "../policy.ts";

const allow = (Action: unknown, Resource: unknown, more: object = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const policy = (...Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });
const queue = "arn:aws:sqs:eu-west-1:1:events";
const narrowed = { Condition: { StringEquals: { "aws:SourceAccount": "1" } } };

function verdict(former: string, now: string): string {
  const [was, is] = [tryParseGrants(former) ?? [], tryParseGrants(now) ?? []];
  const { widened, narrowed } = comparePolicies(was, is);
  return (
    [widened.length > 0 ? "wider" : "", narrowed.length > 0 ? "narrower" : ""].filter(Boolean).join(" and ") || "same"
  );
}

describe("a policy", () => {
  it.each([
    ["same", "another order", [allow(["a:X", "a:Y"], queue)], [allow("a:Y", [queue]), allow("a:X", queue)]],
    ["same", "another case of an action", [allow("sqs:SendMessage", queue)], [allow("SQS:sendmessage", queue)]],
    [
      "same",
      "what a wildcard had granted",
      [allow("sqs:*", "*")],
      [allow("sqs:*", "*"), allow("sqs:SendMessage", queue)],
    ],
    ["same", "another statement id", [allow("a:X", queue, { Sid: "One" })], [allow("a:X", queue, { Sid: "Two" })]],
    ["wider", "another action", [allow("a:X", queue)], [allow(["a:X", "a:Y"], queue)]],
    ["wider", "a pattern in place of a name", [allow("a:X", queue)], [allow("a:X", "arn:aws:sqs:eu-west-1:1:*")]],
    ["wider", "a condition less", [allow("a:X", queue, narrowed)], [allow("a:X", queue)]],
    ["narrower", "a condition more", [allow("a:X", queue)], [allow("a:X", queue, narrowed)]],
    ["narrower", "a name in place of a pattern", [allow("sqs:*", "*")], [allow("sqs:SendMessage", queue)]],
    ["narrower", "a denial more", [allow("a:X", "*")], [allow("a:X", "*"), { ...allow("a:X", queue), Effect: "Deny" }]],
    ["wider", "a denial less", [allow("a:X", "*"), { ...allow("a:X", queue), Effect: "Deny" }], [allow("a:X", "*")]],
    ["wider and narrower", "another resource", [allow("a:X", queue)], [allow("a:X", `${queue}-2`)]],
    [
      "wider",
      "everybody",
      [allow("a:X", queue, { Principal: { AWS: "1" } })],
      [allow("a:X", queue, { Principal: "*" })],
    ],
    [
      "wider and narrower",
      "another exception",
      [{ Effect: "Allow", NotAction: "a:X", Resource: "*" }],
      [{ Effect: "Allow", NotAction: "a:Y", Resource: "*" }],
    ],
  ])("is %s with %s", (expected, _, former, now) => {
    expect(verdict(policy(...former), policy(...now))).toBe(expected);
  });

  it("does not let one character stand for many", () => {
    expect(verdict(policy(allow("a:X", "queue-?")), policy(allow("a:X", "queue-*")))).toBe("wider");
  });

  it("that cannot be read is none", () => {
    expect(tryParseGrants("{")).toBeUndefined();
    expect(tryParseGrants('{"Statement":["x"]}')).toBeUndefined();
  });
});
