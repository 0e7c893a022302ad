import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse, parseDocument } from "yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountId, openAccount, options, readResources, type TestAccount } from "./account.ts";

let account: TestAccount;
beforeAll(async () => {
  account = await openAccount();
}, 300_000);
afterAll(() => account[Symbol.asyncDispose]());

const countOf = (types: string[], name: string) => types.filter((type) => type.endsWith(`:${name}`)).length;

describe("a preview", () => {
  test("needs neither credentials nor the Pulumi CLI, and leaves nothing behind", async () => {
    const before = await readdir(path.join(account.path, "infra", "account"));

    const { code, stdout } = await account.bootstrap("dev", "--preview", ...options);

    expect(code).toBe(0);
    expect(stdout).toMatch(/aws:s3:Bucket state create/);
    expect(stdout).toMatch(/18 to create/);
    expect(await readdir(path.join(account.path, "infra", "account"))).toEqual(before);
    expect(existsSync(path.join(account.path, ".bootstrap"))).toBe(false);
  });

  test("asks for the account's number and GitHub's numbers where nobody gave them", async () => {
    const withoutAccount = await account.bootstrap("dev", "--preview");
    const withoutIds = await account.bootstrap("dev", "--preview", ...options.slice(0, 2));

    expect(withoutAccount).toMatchObject({ code: 1, stdout: "" });
    expect(withoutAccount.stderr).toMatch(/--account 123456789012/);
    expect(withoutIds.code).toBe(1);
    expect(withoutIds.stderr).toMatch(/gh api repos\/octo-org\/line-bot --jq/);
  });

  test("refuses an account that the stack may not work in", async () => {
    const { code, stderr } = await account.bootstrap("local", "--preview", ...options);

    expect(code).toBe(1);
    expect(stderr).toMatch(/Pulumi\.local\.yaml allows stack local the account 000000000000 alone/);
  });

  test("refuses to leave out what it does not know", async () => {
    const { code, stderr } = await account.bootstrap("dev", "--preview", ...options, "--existing", "role");

    expect(code).toBe(1);
    expect(stderr).toBe('--existing takes bucket or oidc-provider, not "role"\n');
  });
});

describe("the account of a stack", { timeout: 300_000 }, () => {
  test("can be tried on this machine, where it stays", async () => {
    const made = await account.bootstrap("local", "--yes", ...options.slice(1));
    const again = await account.bootstrap("local", "--yes", ...options.slice(1));

    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toMatch(/18 created/);
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout).toMatch(/18 unchanged/);
    expect(existsSync(path.join(account.path, "infra/account/Pulumi.local.yaml"))).toBe(false);
  });

  test("is made only when somebody agrees", async () => {
    const { code, stderr, stdout } = await account.bootstrap("dev", ...options);

    expect(code).toBe(1);
    expect(stdout).toMatch(/18 to create/);
    expect(stderr).toMatch(/--yes agrees beforehand/);
    expect(existsSync(account.bucket)).toBe(false);
  });

  test("is no second time made when its state could not be moved into the bucket", async () => {
    await writeFile(account.noImport, "");

    const { code, stdout, stderr } = await account.bootstrap("dev", "--yes", ...options);
    await rm(account.noImport);

    expect(code).toBe(1);
    expect(stdout).toMatch(/18 created/);
    expect(stderr).toMatch(/stack import.* failed: error: no connection/);
  });

  test("needs nothing told a second time, when its state is moved and what is left is reported as commands", async () => {
    const { code, stdout, stderr } = await account.bootstrap("dev", "--yes");

    expect(stdout).toMatch(/18 unchanged/);

    expect(stderr).not.toMatch(/failed|error/i);
    expect(code).toBe(0);
    const resources = await readResources(account.bucket, "dev");
    expect(
      countOf(
        resources.map(({ type }) => type),
        "Role",
      ),
    ).toBe(2);
    expect(existsSync(path.join(account.path, ".bootstrap/.pulumi/stacks/line-bot-account/dev.json"))).toBe(false);
    const role = `arn:aws:iam::${accountId}:role/line-bot-dev`;
    for (const line of [
      `pulumi login 's3://line-bot-state-${accountId}-ap-northeast-1?region=ap-northeast-1&awssdk=v2'`,
      "pulumi stack init dev --secrets-provider 'awskms://alias/line-bot-dev?region=ap-northeast-1&awssdk=v2'",
      `pulumi config set --path --type string 'aws:allowedAccountIds[0]' ${accountId} -s dev`,
      `gh variable set DEV_DEPLOY_ROLE --repo octo-org/line-bot --body '${role}-deploy'`,
      `gh variable set DEV_PREVIEW_ROLE --repo octo-org/line-bot --body '${role}-preview'`,
    ]) {
      expect(stdout).toContain(line);
    }
  });

  test("has its settings in a file to be committed", async () => {
    const file = path.join(account.path, "infra", "account", "Pulumi.dev.yaml");

    const { config } = parse(await readFile(file, "utf8")) as { config: Record<string, unknown> };

    expect(config).toMatchObject({
      "aws:allowedAccountIds": [accountId],
      "line-bot-account:prefix": "bot",
      "line-bot-account:repository": "octo-org/line-bot",
      "line-bot-account:repositoryId": "456789",
      "line-bot-account:ownerId": "123456",
    });
  });

  test("has a private bucket that keeps former versions, and loses nothing by a slip", async () => {
    const resources = await readResources(account.bucket, "dev");
    const find = (name: string) => resources.find(({ type }) => type.endsWith(`:${name}`));

    expect(find("BucketVersioning")?.inputs["versioningConfiguration"]).toMatchObject({ status: "Enabled" });
    expect(find("BucketPublicAccessBlock")?.inputs).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(find("BucketPolicy")?.inputs["policy"]).toContain('{"Bool":{"aws:SecureTransport":"false"}}');
    expect(find("BucketServerSideEncryptionConfiguration")?.inputs["rules"]).toMatchObject([
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
    ]);
    expect(find("Key")?.inputs).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
    for (const name of ["Bucket", "Key", "OpenIdConnectProvider"]) expect(find(name)?.protect).toBe(true);
  });

  test("is not handed to a repository of another name by the numbers of the former one", async () => {
    const { code, stderr } = await account.bootstrap("dev", "--preview", "--repository", "octo-org/renamed");

    expect(code).toBe(1);
    expect(stderr).toMatch(/The numbers of octo-org\/renamed and its owner/);
  });

  test("is shared by another stack, which brings its own key and roles", async () => {
    const existing = ["--existing", "bucket", "--existing", "oidc-provider"];
    const { code } = await account.bootstrap("prod", "--yes", ...options, ...existing);

    expect(code).toBe(0);
    const types = (await readResources(account.bucket, "prod")).map(({ type }) => type);
    expect(["Bucket", "OpenIdConnectProvider", "Key", "Role"].map((name) => countOf(types, name))).toEqual([
      0, 0, 1, 2,
    ]);
  });

  test("goes as a whole when its protection is taken off", async () => {
    const file = path.join(account.path, "infra", "account", "Pulumi.dev.yaml");
    const settings = parseDocument(await readFile(file, "utf8"));
    settings.setIn(["config", "line-bot-account:protect"], "false");
    await writeFile(file, String(settings));

    const kept = await account.pulumi("destroy", "--yes", "--stack", "dev");
    const unprotected = await account.pulumi("up", "--yes", "--stack", "dev");
    const destroyed = await account.pulumi("destroy", "--yes", "--stack", "dev");

    expect(kept.code).not.toBe(0);
    expect([unprotected, destroyed]).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(await readResources(account.bucket, "dev")).toEqual([]);
  });
});
