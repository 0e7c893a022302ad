import { describe, expect, test } from "vitest";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { tryFindAutonamer } from "../../project/autonaming.ts";

const urn = "urn:pulumi:prod::line-bot::line-bot:index:LineWebhook$aws:sqs/queue:Queue::bot-events";
const seed = Buffer.from("a seed");
const place = { organization: "organization", project: "line-bot", stack: "prod" };

/** What a queue is called by this setting. */
const nameWith = (setting: unknown, config: Record<string, string> = {}) =>
  tryFindAutonamer({ ...place, config: { ...config, "pulumi:autonaming": JSON.stringify(setting) } })?.(urn, seed);

describe("pulumi:autonaming", () => {
  test("leaves names to the providers where it is not set, and in the default mode", () => {
    expect(tryFindAutonamer({ ...place, config: {} })).toBeUndefined();
    expect(nameWith({ mode: "default" })).toBeUndefined();
  });

  test.each<[pattern: string, expected: RegExp, isUnique: boolean]>([
    ["${project}-${stack}-${name}-${hex(7)}", /^line-bot-prod-bot-events-[0-9a-f]{7}$/, true],
    ["${name}${alphanum(6)}", /^bot-events[a-z0-9]{6}$/, true],
    ["${name}${string(4)}", /^bot-events[a-z]{4}$/, true],
    ["${name}${num(3)}", /^bot-events[0-9]{3}$/, true],
    ["${uuid}", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, true],
    ["${organization}-${config.team}-${name}", /^organization-chat-bot-events$/, false],
  ])("proposes %s", (pattern, expected, isUnique) => {
    expect(nameWith({ pattern }, { "line-bot:team": "chat" })).toEqual({
      mode: "propose",
      proposedName: expect.stringMatching(expected),
      isUnique,
    });
  });

  test("names alike for one seed, so that an update does what its preview said", () => {
    const setting = { pattern: "${name}-${hex(7)}" };

    expect(nameWith(setting)).toEqual(nameWith(setting));
  });

  test.each([
    [
      { pattern: "x-${name}", enforce: true },
      { mode: "enforce", proposedName: "x-bot-events", isUnique: false },
    ],
    [{ mode: "verbatim" }, { mode: "enforce", proposedName: "bot-events", isUnique: false }],
    [{ mode: "disabled" }, { mode: "disable", proposedName: "", isUnique: true }],
  ])("%o", (setting, expected) => {
    expect(nameWith(setting)).toEqual(expected);
  });

  test("is a provider's or a type's own before it is everybody's", () => {
    const resources = { "aws:sqs/queue:Queue": { pattern: "queue" } };

    expect(nameWith({ pattern: "all", providers: { aws: { pattern: "aws" } } })).toMatchObject({ proposedName: "aws" });
    expect(nameWith({ pattern: "all", providers: { aws: { resources } } })).toMatchObject({ proposedName: "queue" });
    expect(nameWith({ pattern: "all", providers: { gcp: { pattern: "gcp" } } })).toMatchObject({ proposedName: "all" });
  });

  test("is refused where Pulumi would not take it", () => {
    expect(() => nameWith({ patern: "x" })).toThrow(UserError);
    expect(() => nameWith({ pattern: "${config.team}" })).toThrow(/pulumi config set team <value> -s prod/);
  });
});
