import { channelAccessToken, LineBotClient } from "@line/bot-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, startPlatform, type Platform } from "./fixture.ts";

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());

/** The calls of a client's class: its own methods, without those that give headers too. */
const callsOf = (prototype: object): string[] =>
  Object.getOwnPropertyNames(prototype).filter(
    (name) =>
      /^[a-z]/.test(name) && !name.endsWith("WithHttpInfo") && !["constructor", "parseHTTPResponse"].includes(name),
  );

/** Calls that LINE has, and that say here that they are not simulated. */
const notSimulated = new RegExp(
  [
    "Coupon|Membership|PNP|ByPhone|LIFF",
    "Audience|Demographics|NumberOfFollowers|NumberOfMessageDeliveries|MessageEvent|Insight|StatisticsPerUnit",
    "Module|ChatControl|missionSticker",
  ].join("|"),
);

const { ChannelAccessTokenClient } = channelAccessToken;
type AnyClient = Record<string, (...values: unknown[]) => Promise<unknown>>;

const cases = [
  ...callsOf(Object.getPrototypeOf(LineBotClient.prototype) as object).map(
    (call) => [call, () => createClient(platform.line)] as const,
  ),
  ...callsOf(ChannelAccessTokenClient.prototype).map(
    (call) => [call, () => new ChannelAccessTokenClient({ baseURL: platform.line.url })] as const,
  ),
];

describe("the official client", () => {
  it("has calls to try", () => {
    expect(cases.length).toBeGreaterThan(110);
  });

  it.each(cases)("is answered when it calls %s, or told that it is not simulated", async (call, createAny) => {
    const client = createAny() as unknown as AnyClient;
    const values = Array.from({ length: 6 }, () => "x");

    const outcome = await client[call]!(...values).catch((error: unknown) => error);

    const { status = 200 } = (outcome ?? {}) as { status?: number };
    const [trace] = platform.line.traces().slice(-1);
    expect(trace).toMatchObject({ kind: "api", status });
    expect(status === 501).toBe(notSimulated.test(call));
    expect(trace).not.toMatchObject({ operation: "unknown", status: 404 });
  });
});
