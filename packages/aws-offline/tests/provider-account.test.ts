/** What an account needs once: buckets, keys and identity providers. */
import { expect, test } from "vitest";
import { shareAws } from "./support/local-aws.ts";
import { UNKNOWN } from "./support/provider-client.ts";

const aws = shareAws();

const bucketType = "aws:s3/bucket:Bucket";
const versioningType = "aws:s3/bucketVersioning:BucketVersioning";
const keyType = "aws:kms/key:Key";
const aliasType = "aws:kms/alias:Alias";
const oidcType = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";

test("a bucket has the outputs that AWS gives, and its settings are kept under its name", async () => {
  const { provider } = aws;
  const bucket = await provider.create(bucketType, "state", { bucket: "line-bot-state" });

  const versioning = await provider.create(versioningType, "state", {
    bucket: bucket.id,
    versioningConfiguration: { status: "Enabled" },
  });

  expect(bucket.outputs).toMatchObject({
    arn: "arn:aws:s3:::line-bot-state",
    bucketRegionalDomainName: "line-bot-state.s3.ap-northeast-1.amazonaws.com",
  });
  expect(versioning.id).toBe("line-bot-state");
  expect((await provider.diff(versioning, { ...versioning.inputs, bucket: "another" })).replaces).toEqual(["bucket"]);
});

test("a bucket's name is taken once, and its settings need it", async () => {
  await aws.provider.create(bucketType, "once", { bucket: "once-only" });

  await expect(aws.provider.create(bucketType, "twice", { bucket: "once-only" })).rejects.toThrow(
    /BucketAlreadyOwnedByYou/,
  );
  const settings = { bucket: "missing-bucket", versioningConfiguration: { status: "Enabled" } };
  await expect(aws.provider.create(versioningType, "missing", settings)).rejects.toThrow(/NoSuchBucket/);
});

test("a rule that keeps no version is refused, as the provider refuses it", async () => {
  const { failures } = await aws.provider.check(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "l",
    {
      bucket: "line-bot-state",
      rules: [{ id: "old", status: "Enabled", noncurrentVersionExpiration: { noncurrentDays: 0 } }],
    },
  );

  expect(failures.join()).toMatch(/noncurrentDays/);
});

test("a key that rotates does so once a year, and an alias names it by id or ARN alike", async () => {
  const { provider } = aws;
  const key = await provider.create(keyType, "secrets", { enableKeyRotation: true });
  const alias = await provider.create(aliasType, "secrets", { name: "alias/bot", targetKeyId: key.id });

  expect(key.outputs).toMatchObject({ rotationPeriodInDays: 365, keyUsage: "ENCRYPT_DECRYPT", keyId: key.id });
  expect(key.outputs["policy"]).toContain("arn:aws:iam::000000000000:root");
  expect(alias.outputs["targetKeyArn"]).toBe(key.outputs["arn"]);
  const byArn = await provider.diff(alias, { ...alias.inputs, targetKeyId: key.outputs["arn"] });
  expect(byArn.changes).toBe(false);
});

test("an alias whose key changes has its key's ARN known afterwards", async () => {
  const { provider } = aws;
  const one = await provider.create(keyType, "one", {});
  const other = await provider.create(keyType, "other", {});
  const alias = await provider.create(aliasType, "moving", { name: "alias/moving", targetKeyId: one.id });

  const planned = await provider.update(alias, { ...alias.inputs, targetKeyId: other.id }, true);
  const moved = await provider.update(alias, { ...alias.inputs, targetKeyId: other.id });

  expect(planned.outputs["targetKeyArn"]).toBe(UNKNOWN);
  expect(moved.outputs["targetKeyArn"]).toBe(other.outputs["arn"]);
  await expect(provider.create(aliasType, "m", { name: "alias/moving", targetKeyId: one.id })).rejects.toThrow(
    /AlreadyExistsException/,
  );
  await expect(provider.create(aliasType, "m", { name: "alias/none", targetKeyId: "gone" })).rejects.toThrow(
    /NotFoundException/,
  );
});

test("an identity provider is one for its URL, whose scheme does not count", async () => {
  const { provider } = aws;
  const inputs = { url: "https://token.actions.githubusercontent.com", clientIdLists: ["sts.amazonaws.com"] };

  const made = await provider.create(oidcType, "github", inputs);

  expect(made.id).toBe("arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com");
  expect((await provider.diff(made, inputs)).changes).toBe(false);
  expect((await provider.diff(made, { ...inputs, url: "https://example.com" })).replaces).toEqual(["url"]);
  await expect(provider.create(oidcType, "again", inputs)).rejects.toThrow(/EntityAlreadyExists/);
});
