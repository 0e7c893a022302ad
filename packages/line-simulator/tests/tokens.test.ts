import { createSign, generateKeyPairSync } from "node:crypto";
import { channelAccessToken } from "@line/bot-sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { issueAccessToken, TokenRefused } from "../../../line/tokens.ts";
import { devChannel, loginChannel } from "../seed.ts";
import { createClient, startPlatform, type Platform } from "./fixture.ts";

const { channelId, channelSecret } = devChannel;
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const dayMs = 86_400_000;
let platform: Platform;
let tokens: channelAccessToken.ChannelAccessTokenClient;

beforeAll(async () => {
  platform = await startPlatform();
  tokens = new channelAccessToken.ChannelAccessTokenClient({ baseURL: platform.line.url });
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(() => platform.line.reset());

const works = (token: string): Promise<boolean> =>
  createClient(platform.line, token)
    .getBotInfo()
    .then(() => true)
    .catch(() => false);

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    ({ status, body }: { status: number; body: string }) => ({ status, body: JSON.parse(body) as unknown }),
  );

describe("a call without a valid token", () => {
  it.each([
    ["no header", {}, "Authentication failed."],
    ["another scheme", { authorization: "Basic abc" }, "Authentication failed."],
    [
      "an unknown token",
      { authorization: "Bearer abc" },
      "Authentication failed due to the following reason: invalid token.",
    ],
    ["the name of a property", { authorization: "Bearer constructor" }, "Authentication failed due to"],
  ])("is refused with %s", async (_, headers, words) => {
    const response = await fetch(new URL("/v2/bot/info", platform.line.url), { headers });

    expect(response.status).toBe(401);
    expect(((await response.json()) as { message: string }).message).toContain(words);
  });

  it("of a LINE Login channel is refused: it has no bot", async () => {
    const { channelId: id, channelSecret: secret } = loginChannel;
    const { access_token: token } = await tokens.issueStatelessChannelTokenByClientSecret(id, secret);

    const answer = await failure(createClient(platform.line, token).getBotInfo());

    expect(answer).toEqual({ status: 403, body: { message: "Access to this API is not available for your account" } });
  });
});

describe("a stateless token", () => {
  it("works for 15 minutes", async () => {
    const issued = await tokens.issueStatelessChannelTokenByClientSecret(channelId, channelSecret);
    expect(issued).toMatchObject({ token_type: "Bearer", expires_in: 900 });

    platform.clock.advance(899_999);
    const before = await works(issued.access_token);
    platform.clock.advance(1);

    expect([before, await works(issued.access_token)]).toEqual([true, false]);
  });

  it("is issued to the project's own client, and refused in its words", async () => {
    const apiUrl = new URL(platform.line.url);
    const { accessToken } = await issueAccessToken({ channelId, channelSecret }, { apiUrl });
    const refused = await issueAccessToken({ channelId, channelSecret: "wrong" }, { apiUrl }).catch(
      (error: unknown) => error,
    );

    expect(await works(accessToken)).toBe(true);
    expect(refused).toBeInstanceOf(TokenRefused);
    expect(String(refused)).toContain("400 invalid_request: Invalid 'client_credentials'.");
  });

  it("cannot be altered", async () => {
    const { access_token: token } = await tokens.issueStatelessChannelTokenByClientSecret(channelId, channelSecret);
    const [head, payload, signature] = token.split(".");
    const claims = JSON.parse(Buffer.from(payload!, "base64url").toString()) as object;
    const longer = Buffer.from(JSON.stringify({ ...claims, expiresAtMs: 1e15 })).toString("base64url");

    expect([await works(token), await works(`${head}.${longer}.${signature}`), await works(`${head}.`)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("cannot be revoked", async () => {
    const { access_token: token } = await tokens.issueStatelessChannelTokenByClientSecret(channelId, channelSecret);

    await tokens.revokeChannelToken(token);

    expect(await works(token)).toBe(true);
  });
});

describe("a short-lived token", () => {
  const issue = () => tokens.issueChannelToken("client_credentials", channelId, channelSecret);

  it("works for 30 days, is verified and revoked", async () => {
    const { access_token: token, expires_in: seconds } = await issue();
    expect(seconds).toBe(30 * 86_400);
    platform.clock.advance(dayMs);

    const verified = await tokens.verifyChannelToken(token);
    await tokens.revokeChannelToken(token);

    expect(verified).toEqual({ client_id: channelId, expires_in: 29 * 86_400, scope: "P CM" });
    expect(await works(token)).toBe(false);
    expect(await failure(tokens.verifyChannelToken(token))).toEqual({
      status: 400,
      body: { error: "invalid_request", error_description: "access_token invalid" },
    });
    await expect(tokens.revokeChannelToken("unknown")).resolves.not.toThrow();
  });

  it("makes room for the 31st by the oldest", async () => {
    const first = await issue();
    const second = await issue();
    for (let count = 2; count < 31; count++) await issue();

    expect([await works(first.access_token), await works(second.access_token)]).toEqual([false, true]);
  });

  it.each([
    ["client_id", "9", channelSecret],
    ["client_secret", channelId, "wrong"],
  ])("is refused for a wrong %s, by name", async (name, id, secret) => {
    expect(await failure(tokens.issueChannelToken("client_credentials", id, secret))).toEqual({
      status: 400,
      body: { error: "invalid_client", error_description: `invalid ${name}` },
    });
  });
});

describe("a long-lived token", () => {
  it("goes on for the hours that its reissue keeps it", async () => {
    const { channelAccessToken: token } = await platform.line.console.reissueLongLivedToken({
      channelId,
      keepHours: 24,
    });
    const both = [await works(devChannel.channelAccessToken), await works(token)];

    platform.clock.advance(dayMs);

    expect(both).toEqual([true, true]);
    expect([await works(devChannel.channelAccessToken), await works(token)]).toEqual([false, true]);
  });

  it("is verified and revoked", async () => {
    expect(await tokens.verifyChannelToken(devChannel.channelAccessToken)).toMatchObject({ client_id: channelId });

    await tokens.revokeChannelToken(devChannel.channelAccessToken);

    expect(await works(devChannel.channelAccessToken)).toBe(false);
  });
});

describe("a token by JWT", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  let kid: string;

  beforeEach(async () => {
    const jwk = publicKey.export({ format: "jwk" }) as { kty: "RSA"; n: string; e: string };
    ({ kid } = await platform.line.console.registerAssertionKey({ channelId, jwk }));
  });

  function assert(claims: object = {}, header: object = {}): string {
    const exp = Math.floor(platform.clock.now() / 1000) + 1800;
    const parts = [
      { alg: "RS256", typ: "JWT", kid, ...header },
      { iss: channelId, sub: channelId, aud: "https://api.line.me/", exp, token_exp: 3600, ...claims },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const text = parts.join(".");
    return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKey, "base64url")}`;
  }
  const issue = (assertion = assert()) => tokens.issueChannelTokenByJWT("client_credentials", assertionType, assertion);

  it("works as long as was asked for, and is listed, verified and revoked by its channel", async () => {
    const { access_token: token, key_id: keyId, expires_in: seconds } = await issue();
    const { kids } = await tokens.getsAllValidChannelAccessTokenKeyIds(assertionType, assert());
    const verified = await tokens.verifyChannelTokenByJWT(token);
    await tokens.revokeChannelTokenByJWT(loginChannel.channelId, loginChannel.channelSecret, token);
    const afterTheft = await works(token);

    await tokens.revokeChannelTokenByJWT(channelId, channelSecret, token);

    expect({ seconds, kids, afterTheft }).toEqual({ seconds: 3600, kids: [keyId], afterTheft: true });
    expect(verified).toMatchObject({ client_id: channelId, expires_in: 3600 });
    expect(await works(token)).toBe(false);
  });

  it("is refused the 31st time, until one expires", async () => {
    for (let count = 0; count < 30; count++) await issue();

    expect(await failure(issue())).toEqual({
      status: 400,
      body: { message: "The maximum number of access tokens has already been issued" },
    });
    platform.clock.advance(3_600_000);
    await expect(issue()).resolves.toMatchObject({ expires_in: 3600 });
  });

  it("tells of an expired one", async () => {
    const { access_token: token } = await issue();
    platform.clock.advance(3_600_000);

    const expired = await failure(tokens.verifyChannelTokenByJWT(token));
    const shapeless = await failure(tokens.verifyChannelTokenByJWT("abc"));

    expect(expired?.body).toEqual({ error: "invalid_request", error_description: "The access token expired" });
    expect(shapeless?.body).toEqual({ error: "invalid_request", error_description: "The access token not JWS" });
  });

  it("is stateless where that is asked for", async () => {
    const issued = await tokens.issueStatelessChannelTokenByJWTAssertion(assert());

    expect(issued.expires_in).toBe(900);
    expect(await works(issued.access_token)).toBe(true);
  });

  it.each([
    ["an expiry in the past", { exp: 1 }, {}, 400, "Invalid exp"],
    ["more than half an hour to live", { exp: 9_999_999_999 }, {}, 400, "Invalid exp"],
    ["another issuer", { iss: "9" }, {}, 400, "iss and clientId of key do not match"],
    ["another audience", { aud: "https://example.com/" }, {}, 400, "Invalid aud"],
    ["a token of more than 30 days", { token_exp: 30 * 86_400 + 1 }, {}, 400, "Invalid token_exp"],
    [
      "a key that is not registered",
      {},
      { kid: "unknown" },
      404,
      "Cannot find channel key that satisfies the conditions",
    ],
  ])("is refused for %s", async (_, claims, header, status, words) => {
    const answer = await failure(issue(assert(claims, header)));

    expect(answer?.status).toBe(status);
    expect(JSON.stringify(answer?.body)).toContain(words);
  });

  it("is refused when the signature is another's", async () => {
    const [head, body] = assert().split(".");
    const [, , signature] = assert({ token_exp: 1 }).split(".");

    const answer = await failure(issue(`${head}.${body}.${signature}`));

    expect(answer?.body).toEqual({ error: "invalid_client", error_description: "Invalid signature" });
  });

  it("needs a public key without a kid", async () => {
    const register = (jwk: { kty: "RSA"; n: string; e: string; kid?: string; d?: string }) =>
      platform.line.console.registerAssertionKey({ channelId, jwk });

    await expect(register({ kty: "RSA", n: "a", e: "b", kid: "c" })).rejects.toThrow("must not have a kid");
    await expect(register({ kty: "RSA", n: "a", e: "b", d: "c" })).rejects.toThrow("private key");
  });
});
