import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { readAwsSettings } from "../../infra/aws-settings.ts";
import { readStoredCredentials } from "../../infra/stored-credentials.ts";

const arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:bot-AbCdEf";
const stored = { channelId: "2000000001", channelSecret: "5e1f0d9c8b7a6958473625140f1e2d3c" };
const first = "arn:aws:iam::111111111111:role/first";
const second = "arn:aws:iam::123456789012:role/second";

interface Call {
  action: string;
  /** The access key that signed it; "" for none. */
  by: string;
  region: string;
  sessionToken: string | undefined;
  parameters: Record<string, string>;
}

/** STS and Secrets Manager: each role's key is named after it. */
const calls: Call[] = [];
const server = createServer((request, response) => {
  const answer = async () => {
    const parameters = Object.fromEntries(new URLSearchParams(await text(request)));
    const call = { ...callerOf(request), action: parameters["Action"] ?? "GetSecretValue", parameters };
    calls.push(call);
    const [status, type, body] = answerTo(call);
    response.writeHead(status, { "content-type": type }).end(body);
  };
  void answer();
});

function answerTo({ action, parameters: { RoleArn = "" } }: Call): [status: number, type: string, body: string] {
  if (action === "GetSecretValue") {
    return [200, "application/x-amz-json-1.1", JSON.stringify({ SecretString: JSON.stringify(stored) })];
  }
  return RoleArn.includes("forbidden") ? [403, "text/xml", refused] : [200, "text/xml", assumed(action, RoleArn)];
}

const refused =
  "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to assume it</Message></Error></ErrorResponse>";

function callerOf({ headers }: IncomingMessage) {
  const [, by = "", region = ""] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(headers.authorization ?? "") ?? [];
  return { by, region, sessionToken: headers["x-amz-security-token"]?.toString() };
}

function assumed(action: string, role: string): string {
  const name = role.split("/").at(-1) ?? "";
  return `<${action}Response><${action}Result><Credentials>
    <AccessKeyId>key-of-${name}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
    <SessionToken>token-of-${name}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
  </Credentials></${action}Result></${action}Response>`;
}

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  await once(server, "close");
});
beforeEach(() => {
  calls.length = 0;
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "key-of-environment");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  vi.stubEnv("AWS_PROFILE", undefined);
});
afterEach(() => vi.unstubAllEnvs());

/** Reads the channel's credentials as a stack with this configuration does. */
function read(configuration: Record<string, unknown>) {
  const values = Object.entries(configuration).map(([key, value]) => [
    `aws:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const config: Record<string, string> = Object.fromEntries(values);
  return readStoredCredentials(arn, readAwsSettings({ get: (key) => config[key] }), {});
}

const steps = () => calls.map(({ by, action, region }) => `${by} ${action} ${region}`);

async function write(content: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "aws-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "file");
  await writeFile(file, content);
  return file;
}

describe("the stack's own calls of AWS are made by", () => {
  it("the identity that the default chain finds, where the configuration says nothing", async () => {
    expect(await read({ region: "ap-northeast-1" })).toEqual(stored);

    expect(steps()).toEqual(["key-of-environment GetSecretValue ap-northeast-1"]);
  });

  it("the configuration's own keys, whatever the environment has", async () => {
    await read({ accessKey: "key-of-stack", secretKey: "secret", token: "token-of-stack" });

    expect(steps()).toEqual(["key-of-stack GetSecretValue ap-northeast-1"]);
    expect(calls[0]?.sessionToken).toBe("token-of-stack");
  });

  it("the role that is to be assumed, with all that is said about it", async () => {
    await read({
      region: "eu-west-1",
      assumeRoles: [
        {
          roleArn: first,
          duration: "30m",
          externalId: "42",
          policy: "{}",
          policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
          sessionName: "deployment",
          sourceIdentity: "alice",
          tags: { team: "bots" },
          transitiveTagKeys: ["team"],
        },
      ],
    });

    expect(steps()).toEqual(["key-of-environment AssumeRole eu-west-1", "key-of-first GetSecretValue ap-northeast-1"]);
    expect(calls[0]?.parameters).toMatchObject({
      RoleArn: first,
      DurationSeconds: "1800",
      ExternalId: "42",
      Policy: "{}",
      "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
      RoleSessionName: "deployment",
      SourceIdentity: "alice",
      "Tags.member.1.Key": "team",
      "Tags.member.1.Value": "bots",
      "TransitiveTagKeys.member.1": "team",
    });
    expect(calls[1]?.sessionToken).toBe("token-of-first");
  });

  it("the last of a chain of roles, each assumed with the one before, beginning with the configuration's keys", async () => {
    await read({
      accessKey: "key-of-stack",
      secretKey: "secret",
      stsRegion: "us-east-1",
      assumeRoles: [{ roleArn: first }, { roleArn: second }],
    });

    expect(steps()).toEqual([
      "key-of-stack AssumeRole us-east-1",
      "key-of-first AssumeRole us-east-1",
      "key-of-second GetSecretValue ap-northeast-1",
    ]);
    expect(calls[0]?.parameters["RoleSessionName"]).toBe("pulumi-line-bot");
  });

  it("the one role in the words of former days", async () => {
    await read({ assumeRole: { roleArn: second } });

    expect(steps().at(-1)).toBe("key-of-second GetSecretValue ap-northeast-1");
  });

  it("a web identity's role, and a role that is assumed with it", async () => {
    const file = await write("the-token\n");

    await read({
      assumeRoleWithWebIdentity: { roleArn: first, webIdentityTokenFile: file, duration: "1h", sessionName: "ci" },
      assumeRoles: [{ roleArn: second }],
    });

    expect(steps().slice(1)).toEqual([
      "key-of-first AssumeRole ap-northeast-1",
      "key-of-second GetSecretValue ap-northeast-1",
    ]);
    expect(calls[0]).toMatchObject({
      action: "AssumeRoleWithWebIdentity",
      by: "",
      parameters: { WebIdentityToken: "the-token", DurationSeconds: "3600", RoleSessionName: "ci" },
    });
  });

  it("a profile of other files than AWS's usual ones", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
    const credentials = await write("[work]\naws_access_key_id = key-of-work\naws_secret_access_key = secret\n");
    const config = await write(`[profile bots]\nsource_profile = work\nrole_arn = ${second}\nregion = eu-central-1\n`);

    await read({ profile: "bots", sharedConfigFiles: [config], sharedCredentialsFiles: [credentials] });

    expect(calls.map(({ by, action }) => `${by} ${action}`)).toEqual([
      "key-of-work AssumeRole",
      "key-of-second GetSecretValue",
    ]);
  });

  it("nobody, where the role may not be assumed: AWS's own words are reported, and no other credentials are tried", async () => {
    const failed = read({ assumeRoles: [{ roleArn: "arn:aws:iam::123456789012:role/forbidden" }] });

    await expect(failed).rejects.toThrow("not authorized to assume it");
    expect(steps()).toEqual(["key-of-environment AssumeRole ap-northeast-1"]);
  });
});
