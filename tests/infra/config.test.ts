import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { readConfig } from "../../infra/config.ts";

const complete = {
  "aws:region": "ap-northeast-1",
  "aws:allowedAccountIds": '["123456789012"]',
  "line:channelId": "2000000001",
  "line:channelSecret": "0123456789abcdef0123456789abcdef",
};

function configure(
  config: Record<string, string>,
  secretKeys = ["line:channelSecret", "line:channelAccessToken"],
): void {
  pulumi.runtime.setAllConfig(config, secretKeys);
}

beforeEach(async () => {
  await pulumi.runtime.setMocks(
    { newResource: ({ inputs }) => ({ id: "id", state: inputs }), call: ({ inputs }) => inputs },
    "line-bot",
    "dev",
  );
});

describe("the stack's configuration", () => {
  test("is typed, and what it leaves out is undefined", () => {
    configure({ ...complete, "line-bot:memorySizeMb": "256", "line:requireActive": "true" });

    const config = readConfig();

    expect(config).toMatchObject({
      memorySizeMb: 256,
      requireActive: true,
      logRetentionDays: undefined,
      protect: false,
    });
    expect(config.channel).toMatchObject({ channelId: "2000000001" });
  });

  test.each([
    [undefined, undefined, [expect.stringMatching(/of stack dev goes off.*line-bot:alarmEmail <address> -s dev/)]],
    ["none", undefined, []],
    ["ops@example.com", "ops@example.com", []],
  ])("with alarmEmail %s has %s as the subscriber, and warns where nobody chose", (value, subscriber, warnings) => {
    const said: string[] = [];
    vi.spyOn(pulumi.log, "warn").mockImplementation((message) => {
      said.push(message);
      return Promise.resolve();
    });
    configure({ ...complete, ...(value === undefined ? {} : { "line-bot:alarmEmail": value }) });

    const { alarmEmail } = readConfig();

    expect(alarmEmail).toBe(subscriber);
    expect(said).toEqual(warnings);
  });

  test("takes the ARN of a secret in place of credentials", () => {
    const arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:line-AbCdEf";
    const { "line:channelId": _id, "line:channelSecret": _secret, ...rest } = complete;
    configure({ ...rest, "line:credentialsSecret": arn });

    expect(readConfig().channel).toEqual({ credentialsSecretArn: arn });
  });

  test.each(Object.keys(complete))("without %s is an error that names key, stack and command", (key) => {
    configure(Object.fromEntries(Object.entries(complete).filter(([name]) => name !== key)));

    expect(readConfig).toThrow(new RegExp(`Missing ${key} in stack dev; set it with .pulumi config set .*-s dev`));
  });

  test.each([
    ["line:apiUrl", "https://example.com", "https://api.line.me, or http://localhost"],
    ["line:apiUrl", "http://api.line.me", "https://api.line.me, or http://localhost"],
    ["line:channelId", "@bot", "made of digits"],
    ["line:bot", "my bot", "user ID"],
    ["line:credentialsSecret", "my-secret", "the ARN of a secret"],
    ["line:credentialsKey", "alias/line", "the ARN of a key"],
    ["line:onDestroy", "forget", "restore or keep"],
    ["line:requireActive", "yes", "true or false"],
    ["line-bot:memorySizeMb", "64", "from 128 to 10240"],
    ["line-bot:memorySizeMb", "512MB", "from 128 to 10240"],
    ["line-bot:logRetentionDays", "31", "that CloudWatch Logs accepts"],
    ["line-bot:secretRecoveryDays", "3", "from 7 to 30"],
    ["line-bot:permissionsBoundary", "line-bot-dev-boundary", "the ARN of a policy in IAM"],
  ])("refuses %s = %s", (key, value, message) => {
    configure({ ...complete, [key]: value });

    expect(readConfig).toThrow(message);
    expect(readConfig).toThrow(`${key} in stack dev is ${JSON.stringify(value)}`);
  });

  test("refuses a key that it does not know", () => {
    configure({ ...complete, "line-bot:memorySize": "512" });

    expect(readConfig).toThrow(
      /line-bot:memorySize in stack dev is not a key.*pulumi config rm line-bot:memorySize -s dev/,
    );
  });

  test("refuses a secret in plain text, without repeating it", () => {
    configure(complete, []);

    expect(readConfig).toThrow(
      /line:channelSecret in stack dev is in plain text; encrypt it with .pulumi config set --secret/,
    );
    expect(readConfig).not.toThrow(complete["line:channelSecret"]);
  });

  test("does not repeat an encrypted value that is wrong", () => {
    configure({ ...complete, "line:channelId": "a-secret" }, ["line:channelId", "line:channelSecret"]);

    expect(readConfig).toThrow("line:channelId in stack dev is [secret]");
  });

  test("names all that is wrong at once", () => {
    configure({ ...complete, "line:onDestroy": "x", "line-bot:memorySizeMb": "1" });

    expect(readConfig).toThrow(/line:onDestroy[\s\S]*line-bot:memorySizeMb/);
  });
});
