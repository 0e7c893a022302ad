import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";
import { readAccountConfig } from "../../../infra/account/config.ts";

const complete = {
  "aws:region": "ap-northeast-1",
  "aws:allowedAccountIds": '["123456789012"]',
  "line-bot-account:project": "line-bot",
  "line-bot-account:prefix": "bot",
  "line-bot-account:repository": "octo-org/line-bot",
  "line-bot-account:repositoryId": "456789",
  "line-bot-account:ownerId": "123456",
};

beforeEach(async () => {
  await pulumi.runtime.setMocks(
    { newResource: ({ inputs }) => ({ id: "id", state: inputs }), call: ({ inputs }) => inputs },
    "line-bot-account",
    "dev",
  );
});

test("the account's configuration is typed, and protects what it makes unless told otherwise", () => {
  pulumi.runtime.setAllConfig({ ...complete, "line-bot-account:existing": '["oidc-provider"]' });

  expect(readAccountConfig()).toEqual({
    account: { id: "123456789012", region: "ap-northeast-1", partition: "aws" },
    stack: "dev",
    project: "line-bot",
    prefix: "bot",
    repository: { name: "octo-org/line-bot", id: "456789", ownerId: "123456" },
    existing: ["oidc-provider"],
    credentialsSecret: undefined,
    credentialsKey: undefined,
    protect: true,
  });
});

test.each(Object.keys(complete))("without %s is an error that names it", (key) => {
  pulumi.runtime.setAllConfig(Object.fromEntries(Object.entries(complete).filter(([name]) => name !== key)));

  expect(readAccountConfig).toThrow(key);
  expect(readAccountConfig).toThrow("`npm run bootstrap` writes it");
});

test.each([
  // A star would let in every repository.
  ["line-bot-account:repository", "octo-org/*"],
  ["line-bot-account:repositoryId", "*"],
  ["line-bot-account:ownerId", "octo-org"],
  ["line-bot-account:prefix", "*"],
  ["line-bot-account:existing", '["role"]'],
  ["line-bot-account:existing", "bucket"],
  ["aws:allowedAccountIds", '["123456789012","999999999999"]'],
])("refuses %s = %s", (key, value) => {
  pulumi.runtime.setAllConfig({ ...complete, [key]: value });

  expect(readAccountConfig).toThrow(`${key} has to be`);
});

test.each([
  ["cn-north-1", "aws-cn"],
  ["us-gov-west-1", "aws-us-gov"],
])("%s is in the partition %s", (region, partition) => {
  pulumi.runtime.setAllConfig({ ...complete, "aws:region": region });

  expect(readAccountConfig().account.partition).toBe(partition);
});
