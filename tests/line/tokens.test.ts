import { expect, test } from "vitest";
import { issueAccessToken, TokenRefused } from "../../line/tokens.ts";
import { startCloud } from "../functions/cloud.ts";

const credentials = { channelId: "1234567890", channelSecret: "canary-secret" };

test("issues a stateless token from id and secret, and knows when it expires", async () => {
  await using cloud = await startCloud();

  const token = await issueAccessToken(credentials, { apiUrl: cloud.url, now: () => 1000 });

  expect(token).toEqual({ accessToken: "token-1", expiresAtMs: 901_000 });
  const [call] = cloud.callsTo("/oauth2/v3/token");
  expect(call?.headers["content-type"]).toMatch("application/x-www-form-urlencoded");
  expect(Object.fromEntries(new URLSearchParams(call?.body))).toEqual({
    grant_type: "client_credentials",
    client_id: "1234567890",
    client_secret: "canary-secret",
  });
});

test("takes a long-lived token as it is, and asks LINE nothing", async () => {
  await using cloud = await startCloud();

  const token = await issueAccessToken({ ...credentials, channelAccessToken: "long" }, { apiUrl: cloud.url });

  expect(token).toEqual({ accessToken: "long", expiresAtMs: Number.POSITIVE_INFINITY });
  expect(cloud.calls).toEqual([]);
});

test.each([
  [400, { error: "invalid_request", error_description: "Invalid 'client_credentials'." }, "invalid_request: Invalid"],
  [429, { message: "The API rate limit has been exceeded." }, "The API rate limit has been exceeded."],
  [502, "<html>", "(an answer that is not LINE's)"],
])("says why LINE refused with %i, without the secret", async (status, body, reason) => {
  await using cloud = await startCloud();
  cloud.override = () => ({ status, body });

  const refused = issueAccessToken(credentials, { apiUrl: cloud.url });

  await expect(refused).rejects.toThrow(TokenRefused);
  await expect(refused).rejects.toThrow(`${status} ${reason}`);
  await expect(refused).rejects.not.toThrow("canary");
});

test("takes no answer without a token for one", async () => {
  await using cloud = await startCloud();
  cloud.override = () => ({ body: { token_type: "Bearer" } });

  await expect(issueAccessToken(credentials, { apiUrl: cloud.url })).rejects.toThrow("access_token");
});
