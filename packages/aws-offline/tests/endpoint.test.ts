import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  GetSecretValueCommand,
  InvalidRequestException,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { toOwnerConfig } from "./support/owner-config.ts";
import { callJson, invoke, toCallingCode, toClient } from "./support/aws-requests.ts";
import { toPolicy, createApi, createAws, createFunction, createRole, shareAws, TYPES } from "./support/local-aws.ts";

const aws = shareAws();

function createSdkClient(): SecretsManagerClient {
  const client = new SecretsManagerClient(toOwnerConfig(aws.aws));
  onTestFinished(() => client.destroy());
  return client;
}

async function createSecret(name: string, value = '{"channelId":"1"}'): Promise<string> {
  const secret = await aws.provider.create(TYPES.secret, name, { name });
  await aws.provider.create(TYPES.secretVersion, name, { secretId: secret.id, secretString: value });
  return secret.id;
}

describe("the endpoint", () => {
  test.each([
    ["a page, also of this machine", { origin: "http://localhost:1" }],
    ["what such a page asks for without an origin", { "sec-fetch-site": "same-site" }],
    ["a name that was made to mean this machine", { host: "evil.example" }],
  ])("does not answer %s, also signed well", async (_who, more: Record<string, string>) => {
    const arn = await createSecret(`other-${Object.keys(more)[0]}`, "hush");
    const { port, host } = new URL(aws.aws.endpointUrl);
    const ask = async (others: Record<string, string>) => {
      const signed = await toClient(aws.aws, "secretsmanager").sign(`http://${others["host"] ?? host}/`, {
        method: "POST",
        headers: { "x-amz-target": "secretsmanager.GetSecretValue" },
        body: JSON.stringify({ SecretId: arn }),
      });
      const headers = { host, ...Object.fromEntries(signed.headers), ...others };
      const asked = request({ port, host: "127.0.0.1", method: "POST", headers });
      const [response] = (await once(asked.end(await signed.text()), "response")) as [IncomingMessage];
      return { status: response.statusCode, body: await text(response) };
    };

    const refused = await ask(more);

    expect(refused.status).toBe(403);
    expect(refused.body).toContain("AccessDeniedException");
    expect(refused.body).not.toContain("hush");
    expect((await ask({})).body).toContain("hush");
  });
});

describe("Secrets Manager, called by the official client", () => {
  test("gives a value by ARN, by name, and by an ARN without its random end", async () => {
    const arn = await createSecret("by-name", "hush");
    const client = createSdkClient();

    for (const SecretId of [arn, "by-name", arn.slice(0, -7)]) {
      const answer = await client.send(new GetSecretValueCommand({ SecretId }));
      expect(answer).toMatchObject({ ARN: arn, Name: "by-name", SecretString: "hush", VersionStages: ["AWSCURRENT"] });
    }
  });

  test("keeps the value before as AWSPREVIOUS, and only that one", async () => {
    const arn = await createSecret("staged", "one");
    const client = createSdkClient();
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: "two" }));
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: "three" }));

    const current = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    const previous = await client.send(new GetSecretValueCommand({ SecretId: arn, VersionStage: "AWSPREVIOUS" }));
    const { body } = await callJson(aws, "secretsmanager.DescribeSecret", { SecretId: arn });

    expect([current.SecretString, previous.SecretString]).toEqual(["three", "two"]);
    expect(Object.values(body["VersionIdsToStages"] as object)).toEqual([["AWSPREVIOUS"], ["AWSCURRENT"]]);
  });

  test("takes a put with the same token again, but not with another value", async () => {
    const arn = await createSecret("token", "one");
    const client = createSdkClient();
    const put = (SecretString: string) =>
      client.send(new PutSecretValueCommand({ SecretId: arn, SecretString, ClientRequestToken: "t".repeat(32) }));

    const [first, again] = [await put("two"), await put("two")];

    expect(again.VersionId).toBe(first.VersionId);
    await expect(put("other")).rejects.toThrow(/already exists/);
  });

  test("answers with the errors that the client knows", async () => {
    const secret = await aws.provider.create(TYPES.secret, "doomed", { name: "doomed" });
    await aws.provider.delete(secret);
    const client = createSdkClient();

    await expect(client.send(new GetSecretValueCommand({ SecretId: "none" }))).rejects.toThrow(
      ResourceNotFoundException,
    );
    await expect(client.send(new GetSecretValueCommand({ SecretId: "doomed" }))).rejects.toThrow(
      InvalidRequestException,
    );
  });

  test("moves AWSCURRENT to a new version of the program's, and to AWSPREVIOUS the replaced one", async () => {
    const secret = await aws.provider.create(TYPES.secret, "replaced", {});
    const old = await aws.provider.create(TYPES.secretVersion, "v", { secretId: secret.id, secretString: "old" });
    await aws.provider.create(TYPES.secretVersion, "v", { secretId: secret.id, secretString: "new" });
    await aws.provider.delete(old);

    const { SecretString } = await createSdkClient().send(new GetSecretValueCommand({ SecretId: secret.id }));

    expect(SecretString).toBe("new");
    const previous = await createSdkClient().send(
      new GetSecretValueCommand({ SecretId: secret.id, VersionStage: "AWSPREVIOUS" }),
    );
    expect(previous.SecretString).toBe("old");
  });

  test("takes a version as pending, and makes it current by moving the label, as a rotation does", async () => {
    const client = createSdkClient();
    const SecretId = await createSecret("moved", "one");
    const stagesOf = async () => {
      const { Versions = [] } = await client.send(new ListSecretVersionIdsCommand({ SecretId }));
      return Object.fromEntries(Versions.map(({ VersionId = "", VersionStages }) => [VersionId, VersionStages]));
    };
    const [first = ""] = Object.keys(await stagesOf());
    const put = new PutSecretValueCommand({ SecretId, SecretString: "two", VersionStages: ["AWSPENDING"] });
    const { VersionId: next = "" } = await client.send(put);
    expect(await stagesOf()).toEqual({ [first]: ["AWSCURRENT"], [next]: ["AWSPENDING"] });
    const move = { SecretId, VersionStage: "AWSCURRENT", MoveToVersionId: next };

    await expect(client.send(new UpdateSecretVersionStageCommand(move))).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringContaining(`currently attached to version ${first}`) as string,
    });
    await client.send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: first }));

    expect(await stagesOf()).toEqual({ [first]: ["AWSPREVIOUS"], [next]: ["AWSPENDING", "AWSCURRENT"] });
    const pending = { SecretId, VersionStage: "AWSPENDING", RemoveFromVersionId: next };
    await client.send(new UpdateSecretVersionStageCommand(pending));
    expect(await stagesOf()).toEqual({ [first]: ["AWSPREVIOUS"], [next]: ["AWSCURRENT"] });
    const takeAway = { SecretId, VersionStage: "AWSCURRENT", RemoveFromVersionId: next };
    await expect(client.send(new UpdateSecretVersionStageCommand(takeAway))).rejects.toThrow(
      /can't be completely removed/,
    );
  });
});

describe("Lambda, called by the official client", () => {
  const createLambdaClient = () => {
    const client = new LambdaClient(toOwnerConfig(aws.aws));
    onTestFinished(() => client.destroy());
    return client;
  };

  test("tells which code and version an alias stands for, by name and by ARN", async () => {
    const { fn, alias } = await createApi(aws, "export const handler = async () => 1;");
    const client = createLambdaClient();

    for (const input of [
      { FunctionName: fn.id, Qualifier: "live" },
      { FunctionName: `${String(fn.outputs["arn"])}:live` },
    ]) {
      expect(await client.send(new GetFunctionConfigurationCommand(input))).toMatchObject({
        FunctionName: fn.id,
        FunctionArn: alias.id,
        Version: fn.outputs["version"],
        CodeSha256: fn.outputs["codeSha256"],
        Handler: "index.handler",
        State: "Active",
      });
    }
  });

  test("answers with the error that the client knows", async () => {
    const ask = createLambdaClient().send(new GetFunctionConfigurationCommand({ FunctionName: "none" }));

    await expect(ask).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});

describe("the endpoint", () => {
  test.each([
    ["an operation", "secretsmanager.RotateSecret"],
    ["a service", "AWSEvents.PutRule"],
  ])("says that %s is not simulated", async (_, target) => {
    const { status, body } = await callJson(aws, target, {});

    expect(status).toBe(501);
    expect(body).toMatchObject({ __type: "UnknownOperationException" });
    expect(String(body["message"])).toContain(target.split(".")[1]);
  });

  test("says which field of a request is wrong", async () => {
    const { status, body } = await callJson(aws, "secretsmanager.GetSecretValue", {});

    expect(status).toBe(400);
    expect(body).toMatchObject({
      __type: "ValidationException",
      message: expect.stringContaining("SecretId") as string,
    });
  });

  test("tells who calls", async () => {
    const response = await toClient(aws.aws, "sts").fetch(aws.aws.endpointUrl, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "Action=GetCallerIdentity&Version=2011-06-15",
    });

    expect(response.status).toBe(200);
    expect(await response.text()).toContain("<Account>000000000000</Account>");
  });

  test("refuses an event that is no JSON, and one that is too large", async () => {
    const fn = await createFunction(aws, "export const handler = async () => 1;");
    const url = `${aws.aws.endpointUrl}/2015-03-31/functions/${fn.id}/invocations`;

    const broken = await toClient(aws.aws, "lambda").fetch(url, { method: "POST", body: "{" });
    const large = await invoke(aws, fn.id, "x".repeat(6 * 1024 * 1024));

    expect([broken.status, large.status]).toEqual([400, 413]);
    expect(large.body).toMatchObject({ __type: "RequestEntityTooLargeException" });
  });
});

/** A function that reads a secret as a bot does. */
const reader = await toCallingCode(`
export const handler = async ({ arn }) => {
  const headers = { "x-amz-target": "secretsmanager.GetSecretValue" };
  const response = await call("secretsmanager", { body: JSON.stringify({ SecretId: arn }), headers });
  return { status: response.status, ...(await response.json()) };
};`);

describe("a function's role", () => {
  test("lets the function read the secret that it names", async () => {
    const arn = await createSecret("allowed", "hush");
    const role = await createRole(aws, ["secretsmanager:GetSecretValue"]);
    const fn = await createFunction(aws, reader, { role: role.outputs["arn"] });

    expect((await invoke(aws, fn.id, { arn })).body).toMatchObject({ status: 200, SecretString: "hush" });
  });

  test("without that right makes the call fail as on AWS", async () => {
    const arn = await createSecret("denied", "hush");
    const role = await createRole(aws, ["logs:*"]);
    const fn = await createFunction(aws, reader, { role: role.outputs["arn"] });

    const { body } = await invoke(aws, fn.id, { arn });

    expect(body).toMatchObject({ status: 400, __type: "AccessDeniedException" });
    expect(body["message"]).toBe(
      `User: arn:aws:sts::000000000000:assumed-role/${role.id}/${fn.id} is not authorized to perform: ` +
        `secretsmanager:GetSecretValue on resource: ${arn} because no identity-based policy allows the secretsmanager:GetSecretValue action`,
    );
  });
});

describe("a secret with a key of one's own", () => {
  const keyArn = "arn:aws:kms:ap-northeast-1:000000000000:key/6d5f1a40-1c4e-4a55-9d55-6a1a0f0c2b11";
  const viaSecrets = { "kms:ViaService": "secretsmanager.ap-northeast-1.amazonaws.com" };

  /** What a function gets of the secret whose role may use the key under these conditions. */
  async function readUnder(name: string, conditions?: Record<string, string>) {
    const secret = await aws.provider.create(TYPES.secret, name, { name, kmsKeyId: keyArn });
    await aws.provider.create(TYPES.secretVersion, name, { secretId: secret.id, secretString: "hush" });
    const role = await createRole(aws, ["secretsmanager:GetSecretValue"]);
    if (conditions) {
      const Condition = { StringEquals: { ...conditions, "kms:EncryptionContext:SecretARN": secret.id } };
      const policy = toPolicy({ Action: "kms:Decrypt", Resource: keyArn, Condition });
      await aws.provider.create(TYPES.rolePolicy, name, { role: role.id, policy });
    }
    const fn = await createFunction(aws, reader, { role: role.outputs["arn"] });
    return (await invoke(aws, fn.id, { arn: secret.id })).body;
  }

  test("is read by a role that may decrypt with it by way of Secrets Manager", async () => {
    expect(await readUnder("key-via", viaSecrets)).toMatchObject({ status: 200, SecretString: "hush" });
  });

  test.each([
    ["no right to the key", undefined],
    ["a right by way of another service", { "kms:ViaService": "sqs.ap-northeast-1.amazonaws.com" }],
    ["a right in the name of another account", { ...viaSecrets, "kms:CallerAccount": "111111111111" }],
  ])("is not read by a role with %s", async (what, conditions) => {
    expect(await readUnder(what.replaceAll(" ", "-"), conditions)).toMatchObject({
      status: 400,
      __type: "AccessDeniedException",
      message: "Access to KMS is not allowed",
    });
  });
});

describe("the boundary of a role's permissions", () => {
  async function readWithin(name: string, action: string) {
    const arn = await createSecret(name, "hush");
    const policy = await aws.provider.create("aws:iam/policy:Policy", name, {
      policy: toPolicy({ Action: action, Resource: "*" }),
    });
    const role = await createRole(aws, ["secretsmanager:GetSecretValue"], { permissionsBoundary: policy.id });
    const fn = await createFunction(aws, reader, { role: role.outputs["arn"] });
    return { arn, ...(await invoke(aws, fn.id, { arn })) };
  }

  test("lets pass what it allows as well", async () => {
    const { body } = await readWithin("within", "secretsmanager:*");

    expect(body).toMatchObject({ status: 200, SecretString: "hush" });
  });

  test("keeps off what it does not allow, whatever the role's policies say", async () => {
    const { arn, body } = await readWithin("beyond", "logs:*");

    expect(body).toMatchObject({
      status: 400,
      __type: "AccessDeniedException",
      message: expect.stringContaining(
        `secretsmanager:GetSecretValue on resource: ${arn} because no permissions boundary allows the secretsmanager:GetSecretValue action`,
      ),
    });
  });
});

test("no file of the data folder shows a secret", async () => {
  const own = await createAws();
  const canary = "canary-5e1f";
  const secret = await own.provider.create(TYPES.secret, "s", {});
  await own.provider.create(TYPES.secretVersion, "s", { secretId: secret.id, secretString: canary });
  await createFunction(own, "export const handler = async () => 1;", { environment: { variables: { TOKEN: canary } } });

  const files = await readdir(own.dataDir, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
  );

  expect(texts.length).toBeGreaterThan(5);
  for (const text of texts) expect(text.includes(canary)).toBe(false);
});
