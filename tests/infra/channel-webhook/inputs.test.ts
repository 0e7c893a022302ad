import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { check, diff } from "../../../infra/channel-webhook/webhook-provider.ts";
import { LineChannelWebhook } from "../../../infra/channel-webhook/resource.ts";

/** How Pulumi writes a value that only the deployment will know. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const valid = {
  endpoint: "https://bot.example.com/webhook",
  credentials: "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:bot-AbCdEf",
};
const failuresOf = (inputs: Record<string, unknown>) => check(new Map(), { ...valid, ...inputs }).failures;

describe("check, in a preview, without network and credentials", () => {
  it("takes inputs that are good, as they are", () => {
    const inputs = {
      ...valid,
      bot: "@123abcde",
      takeOver: "https://example.com/former",
      onDestroy: "keep",
      __provider: "text",
    };

    expect(check(new Map(), inputs)).toEqual({ inputs, failures: [] });
  });

  it.each([
    ["http://bot.example.com/webhook", "has to start with https://"],
    ["bot.example.com/webhook", "is not a URL"],
    [`https://bot.example.com/${"a".repeat(477)}`, "is longer than the 500 characters that LINE takes"],
    ["https://bot.example.com/web hook", "has white space in it"],
    [" https://bot.example.com/", "has white space in it"],
    ["https://192.0.2.1/webhook", "is a host that LINE cannot reach"],
    ["https://[2001:db8::1]/webhook", "is a host that LINE cannot reach"],
    ["https://3221225985/webhook", "is a host that LINE cannot reach"],
    ["https://localhost:4443/webhook", "is a host that LINE cannot reach"],
    ["https://bot.localhost/webhook", "is a host that LINE cannot reach"],
    ["https://例え.example/webhook", "has characters beyond ASCII: write the host in punycode"],
    ["https://bot.example.com/問い", "has characters beyond ASCII"],
    ["https://user@bot.example.com/", "has a user or password in it"],
  ])("refuses the endpoint %s, naming the property and what is wrong", (endpoint, reason) => {
    expect(failuresOf({ endpoint })).toEqual([{ property: "endpoint", reason: expect.stringContaining(reason) }]);
  });

  it("tells no password that an endpoint has in it", () => {
    expect(JSON.stringify(failuresOf({ endpoint: "https://user:hunter2@bot.example.com/" }))).not.toContain("hunter2");
  });

  it("takes an endpoint of exactly 500 characters, and a host in punycode", () => {
    expect(failuresOf({ endpoint: `https://bot.example.com/${"a".repeat(476)}` })).toEqual([]);
    expect(failuresOf({ endpoint: "https://xn--r8jz45g.example/webhook" })).toEqual([]);
  });

  it("takes localhost where LINE is the simulator, or where nobody knows yet what it is", () => {
    const endpoint = "https://localhost:4443/webhook";

    expect(failuresOf({ endpoint, apiUrl: "http://localhost:4400" })).toEqual([]);
    expect(failuresOf({ endpoint, apiUrl: unknown })).toEqual([]);
  });

  it.each([
    ["endpoint", undefined, "is missing"],
    ["credentials", undefined, "is missing"],
    ["credentials", "5e1f0d9c", "has to be the ARN of a secret"],
    ["bot", "my-bot", "has to be a bot's user ID"],
    ["takeOver", "yes", "has to be the URL that may be replaced"],
    ["takeOver", true, "is a yes to any URL"],
    ["onDestroy", "delete", 'Expected ("restore" | "keep")'],
    ["apiUrl", "https://evil.example", "is not LINE's API"],
  ])("refuses %s: %s", (property, value, reason) => {
    expect(failuresOf({ [property]: value })).toEqual([{ property, reason: expect.stringContaining(reason) }]);
  });

  it("tolerates what is not known yet, and still finds what is wrong beside it", () => {
    expect(failuresOf({ endpoint: unknown, credentials: unknown, artifact: unknown, takeOver: unknown })).toEqual([]);
    expect(failuresOf({ endpoint: "http://bot.example.com", credentials: unknown })).toMatchObject([
      { property: "endpoint" },
    ]);
  });
});

describe("diff", () => {
  const facts = {
    botUserId: `U${"a".repeat(32)}`,
    botBasicId: "@123abcde",
    botName: "Bot",
    active: true,
    registeredEndpoint: valid.endpoint,
  };
  const state = { ...valid, ...facts, __provider: "one text" };

  it("sees nothing in the same inputs, in another order, with another provider text", () => {
    expect(diff(state, { __provider: "another", ...valid })).toEqual({ changes: false });
  });

  it.each([
    ["endpoint", "https://bot.example.com/other"],
    ["artifact", "sha"],
    ["takeOver", "https://example.com/former"],
    ["onDestroy", "keep"],
    ["verify", false],
    ["requireActive", true],
    ["endpoint", unknown],
  ])("sees another %s as an update: %s", (name, value) => {
    expect(diff(state, { ...valid, [name]: value })).toEqual({ changes: true });
  });

  it("sees a default that is written out as no change", () => {
    const spelled = { onDestroy: "restore", verify: true, requireActive: false };

    expect(diff(state, { ...valid, ...spelled, apiUrl: "https://api.line.me" })).toEqual({ changes: false });
  });

  it("sees nothing in a state that was written before an optional input existed", () => {
    const { artifact: _, ...old } = { ...state, artifact: "sha" };

    expect(diff({ ...old, somethingFormer: 1 }, valid)).toEqual({ changes: false });
  });

  it("sees another pinned bot as a replacement, also where the endpoint is not known yet", () => {
    const bot = `U${"b".repeat(32)}`;

    expect(diff(state, { ...valid, bot })).toEqual({ changes: true, replaces: ["bot"] });
    expect(diff(state, { ...valid, bot, endpoint: unknown })).toEqual({ changes: true, replaces: ["bot"] });
  });

  it("has no opinion on what is not an input", () => {
    expect(diff({ ...state, active: false, botName: "Renamed" }, valid)).toEqual({ changes: false });
  });
});

describe("the resource", () => {
  it("refuses to be imported, and tells what to do instead", () => {
    const construct = () => new LineChannelWebhook("bot", valid, { import: `U${"a".repeat(32)}` });

    expect(construct).toThrow(pulumi.RunError);
    expect(construct).toThrow(/cannot be imported.*creating the resource writes nothing/);
  });
});
