import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { NoCredentials, readStoredCredentials } from "../../infra/stored-credentials.ts";

const arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:bot-AbCdEf";
const stored = { channelId: "2000000001", channelSecret: "5e1f0d9c8b7a6958473625140f1e2d3c" };

/** What Secrets Manager answers. */
let answer: { status: number; body: unknown };
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(String(request.headers["x-amz-target"]));
  response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer.body));
});

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  await once(server, "close");
});
beforeEach(() => {
  answer = { status: 200, body: { SecretString: JSON.stringify(stored) } };
  asked.length = 0;
  vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
});
afterEach(() => vi.unstubAllEnvs());

const gone = (type: string) => ({ status: 400, body: { __type: type, message: "gone" } });
const environment = {
  LINE_CHANNEL_ID: "2000000002",
  LINE_CHANNEL_SECRET: "c3d2e1f0415263748596a7b8c9d0f1e5",
};

describe("the channel's credentials at deployment", () => {
  it("are what the secret holds, whatever the environment says", async () => {
    expect(await readStoredCredentials(arn, {}, environment)).toEqual(stored);
    expect(asked).toEqual(["secretsmanager.GetSecretValue"]);
  });

  it.each(["ResourceNotFoundException", "InvalidRequestException"])(
    "come from the environment where the secret is gone (%s)",
    async (type) => {
      answer = gone(type);

      const token = { ...environment, LINE_CHANNEL_ACCESS_TOKEN: "token" };
      expect(await readStoredCredentials(arn, {}, environment)).toEqual({
        channelId: environment.LINE_CHANNEL_ID,
        channelSecret: environment.LINE_CHANNEL_SECRET,
      });
      expect(await readStoredCredentials(arn, {}, token)).toMatchObject({ channelAccessToken: "token" });
    },
  );

  it.each([
    [{}, "LINE_CHANNEL_ID and LINE_CHANNEL_SECRET are not set"],
    [{ LINE_CHANNEL_ACCESS_TOKEN: "hunter2" }, "LINE_CHANNEL_ID and LINE_CHANNEL_SECRET are not set"],
    [{ LINE_CHANNEL_ID: "2000000002" }, "LINE_CHANNEL_SECRET is not set"],
    [{ LINE_CHANNEL_ID: "", LINE_CHANNEL_SECRET: "hunter2" }, "LINE_CHANNEL_ID is not set"],
    [{ LINE_CHANNEL_ID: "bot", LINE_CHANNEL_SECRET: "hunter2" }, "channelId is not made of digits"],
    [{ LINE_CHANNEL_ID: "1", LINE_CHANNEL_SECRET: "hunter2 " }, "channelSecret is empty or has white space"],
  ])("are an error that says what is missing: %o", async (env, reason) => {
    answer = gone("ResourceNotFoundException");

    const failed = readStoredCredentials(arn, {}, env);

    await expect(failed).rejects.toThrow(NoCredentials);
    await expect(failed).rejects.toThrow(reason);
    await expect(failed).rejects.toThrow(arn);
    await expect(failed).rejects.not.toThrow("hunter2");
  });

  it.each([
    ["hunter2", "is not JSON"],
    ['{"channelId":"1"}', "channelSecret is missing"],
  ])("are not those of a secret that holds something else", async (SecretString, reason) => {
    answer = { status: 200, body: { SecretString } };

    const failed = readStoredCredentials(arn, {}, environment);

    await expect(failed).rejects.toThrow(reason);
    await expect(failed).rejects.not.toThrow("hunter2");
  });

  it("are not looked for elsewhere where AWS refuses: its own error is reported", async () => {
    answer = { status: 400, body: { __type: "AccessDeniedException", message: "not authorized" } };

    await expect(readStoredCredentials(arn, {}, environment)).rejects.toThrow("not authorized");
  });

  it("are not asked for in an account that the stack may not work in", async () => {
    const aws = { allowedAccountIds: ["210987654321"] };

    await expect(readStoredCredentials(arn, aws, environment)).rejects.toThrow(
      /of the account 123456789012, and aws:allowedAccountIds allows this stack only 210987654321/,
    );
    expect(asked).toEqual([]);
  });
});
