import { describe, expect, test } from "vitest";
import { compareConfigurations } from "../../../deploy/promotion/parity.ts";

const complete = {
  "aws:region": "ap-northeast-1",
  "aws:allowedAccountIds": ["111111111111"],
  "line:channelId": "1",
  "line:channelSecret": { secure: "v1:a" },
};
const compare = (dev: object, prod: object, ...allowed: string[]) =>
  compareConfigurations(
    { stack: "dev", config: { ...complete, ...dev } },
    { stack: "prod", config: { ...complete, ...prod } },
    new Set(allowed),
  );

describe("between two stacks of one bot", () => {
  test.each([
    ["aws:region", "us-east-1"],
    ["aws:allowedAccountIds", ["222222222222"]],
    ["aws:defaultTags", { tags: { Stack: "prod" } }],
    ["line:channelId", "2"],
    ["line:channelSecret", { secure: "v1:b" }],
    ["line:bot", "@prod"],
    ["line-bot:memorySizeMb", 1024],
    ["line-bot:workerConcurrency", 20],
    ["line-bot:logRetentionDays", 365],
    ["line-bot:alarmEmail", "ops@example.com"],
    ["line-bot:permissionsBoundary", "arn:aws:iam::222222222222:policy/line-bot-prod-boundary"],
    ["line-bot:artifact", "f".repeat(64)],
  ])("%s may differ", (key, value) => {
    expect(compare({}, { [key]: value })).toEqual({ different: [key], contrary: [], missing: [] });
  });

  test.each([
    ["line:apiUrl", "http://localhost:4400", undefined, "line:apiUrl is missing in prod"],
    ["shop:currency", "TWD", "JPY", 'shop:currency is "TWD" in dev and "JPY" in prod'],
    ["shop:key", { secure: "v1:x" }, { secure: "v1:y" }, "shop:key is [secret] in dev and [secret] in prod"],
    ["shop:new", undefined, true, "shop:new is missing in dev"],
  ])("%s may not, unless it is allowed by name", (key, dev, prod, says) => {
    expect(compare({ [key]: dev }, { [key]: prod }).contrary).toEqual([{ key, says }]);
    expect(compare({ [key]: dev }, { [key]: prod }, key)).toMatchObject({ contrary: [], different: [key] });
  });

  test("what the second needs before it can be deployed is reported", () => {
    const from = { stack: "dev", config: complete };
    const bare = compareConfigurations(from, { stack: "prod", config: { "aws:region": "ap-northeast-1" } }, new Set());
    expect(bare.missing).toEqual([
      "aws:allowedAccountIds",
      "line:channelId or line:credentialsSecret",
      "line:channelSecret or line:credentialsSecret",
    ]);

    const config = {
      ...complete,
      "line:channelId": undefined,
      "line:channelSecret": undefined,
      "line:credentialsSecret": "arn",
    };
    expect(compareConfigurations(from, { stack: "prod", config }, new Set()).missing).toEqual([]);
  });
});
