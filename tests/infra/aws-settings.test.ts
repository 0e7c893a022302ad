import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { clientConfigFor, guardAccount } from "../../infra/aws-client.ts";
import { readAwsSettings } from "../../infra/aws-settings.ts";

const arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:bot-AbCdEf";

const settingsOf = (values: Record<string, string>) => readAwsSettings({ get: (key) => values[key] });

describe("how the stack reaches AWS", () => {
  it("is read from the keys of the aws provider, lists and objects being JSON", () => {
    const role = { roleArn: "arn:aws:iam::123456789012:role/deploy", externalId: "42", duration: "1h30m" };

    const settings = settingsOf({
      "aws:profile": "work",
      "aws:region": "ap-northeast-1",
      "aws:useFipsEndpoint": "true",
      "aws:sharedConfigFiles": '["~/.aws/other"]',
      "aws:assumeRoles": JSON.stringify([role, { roleArn: "arn:aws:iam::210987654321:role/second" }]),
    });

    expect(settings).toMatchObject({
      profile: "work",
      region: "ap-northeast-1",
      useFipsEndpoint: true,
      sharedConfigFiles: "~/.aws/other",
      assumeRoles: [{ ...role, duration: 5400 }, { roleArn: "arn:aws:iam::210987654321:role/second" }],
    });
  });

  it("is the default where nothing is set, or what says so", () => {
    const settings = settingsOf({ "aws:insecure": "false", "aws:endpoints": "[]", "aws:assumeRoles": "[]" });

    expect(clientConfigFor(arn, settings)).toEqual({ region: "ap-northeast-1" });
  });

  it.each([
    ["aws:assumeRoles", '{"roleArn":"arn"}', "has to be a list of roles"],
    ["aws:assumeRoles", '[{"roleArn":"arn","externalID":"hunter2"}]', "look at its `0.externalID`"],
    ["aws:assumeRoles", '[{"roleArn":"arn","externalId":5550199}]', "look at its `0.externalId`"],
    ["aws:assumeRoles", '[{"roleArn":"arn","duration":"an hour"}]', "look at its `0.duration`"],
    ["aws:assumeRole", '{"externalId":"hunter2"}', "has to be a role"],
    ["aws:assumeRoleWithWebIdentity", '{"roleArn":"arn"}', "either `webIdentityToken` or `webIdentityTokenFile`"],
    ["aws:sharedConfigFiles", '["/one","/two"]', "has to be a list of one file"],
    ["aws:sharedCredentialsFiles", '["credentials"]', "with its whole path"],
    ["aws:useFipsEndpoint", "yes", "has to be true or false"],
    ["aws:allowedAccountIds", "123456789012", "has to be a list of account IDs"],
    ["aws:allowedAccountIds", "[123456789012]", "has to be a list of account IDs"],
    ["aws:forbiddenAccountIds", "nonsense", "has to be a list of account IDs"],
    ["aws:secretKey", "hunter2", "aws:accessKey and aws:secretKey belong together"],
  ])("cannot be read of %s = %s, and the value is not told", (key, value, reason) => {
    const read = () => settingsOf({ [key]: value });

    expect(read).toThrow(key);
    expect(read).toThrow(reason);
    expect(read).not.toThrow(/hunter2|5550199/);
  });

  it("is refused where both the list of roles and the one role of former days are set", () => {
    const role = '{"roleArn":"arn"}';

    expect(() => settingsOf({ "aws:assumeRole": role, "aws:assumeRoles": `[${role}]` })).toThrow("both set");
  });

  it.each([
    ["httpsProxy", "http://proxy:8080", "without a proxy"],
    ["customCaBundle", "/etc/ca.pem", "NODE_EXTRA_CA_CERTS"],
    ["insecure", "true", "NODE_EXTRA_CA_CERTS"],
    ["endpoints", '[{"lambda":"http://localhost:4566"}]', "AWS_ENDPOINT_URL"],
    ["ec2MetadataServiceEndpoint", "http://localhost:1338", "AWS_EC2_METADATA_SERVICE_ENDPOINT"],
  ])("is refused by name where aws:%s is set, which only the provider can follow", (key, value, instead) => {
    expect(() => settingsOf({ [`aws:${key}`]: value })).toThrow(`aws:${key} reaches the aws provider alone`);
    expect(() => settingsOf({ [`aws:${key}`]: value })).toThrow(instead);
  });

  /** What the provider does with what it found, once it has reached AWS; and a list of hosts that asks for a proxy. */
  const ofNoBearing = new Set(
    [
      ["defaultTags", "ignoreTags", "tagPolicyCompliance", "userAgents", "noProxy"],
      ["maxRetries", "retryMode", "tokenBucketRateLimiterCapacity"],
      ["s3UsEast1RegionalEndpoint", "s3UsePathStyle"],
      ["skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"],
    ].flat(),
  );

  it("takes notice of every key of the provider that has a bearing on it", async () => {
    const types = createRequire(import.meta.url).resolve("@pulumi/aws/config/vars.d.ts");
    const declared = (await readFile(types, "utf8")).matchAll(/declare const (\w+):/g);
    const keys = [...declared].map(([, key = ""]) => key).filter((key) => !ofNoBearing.has(key));

    const ignored = keys.filter((key) => {
      try {
        const settings = settingsOf({ [`aws:${key}`]: "something" });
        return !Object.values(settings).includes("something");
      } catch {
        return false;
      }
    });

    expect(keys).toContain("assumeRoles");
    expect(ignored).toEqual([]);
  });
});

describe("the account guard", () => {
  it("lets the stack's own account pass, with the stack's profile", () => {
    const aws = settingsOf({ "aws:allowedAccountIds": '["123456789012"]', "aws:profile": "work" });

    expect(clientConfigFor(arn, aws)).toEqual({ region: "ap-northeast-1", profile: "work" });
  });

  it.each([
    ["aws:allowedAccountIds", '["210987654321"]', "aws:allowedAccountIds allows this stack only 210987654321"],
    ["aws:forbiddenAccountIds", '["123456789012"]', "which aws:forbiddenAccountIds forbids this stack"],
  ])("refuses an ARN of an account that %s leaves out", (key, value, reason) => {
    const aws = settingsOf({ [key]: value });

    expect(() => guardAccount(arn, aws)).toThrow("of the account 123456789012");
    expect(() => clientConfigFor(arn, aws)).toThrow(reason);
  });
});
