import { LineBotClient, type HTTPFetchError } from "@line/bot-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, startPlatform, type Platform } from "./fixture.ts";

/**
 * What a real channel answers too. With LINE_TEST_CHANNEL_ACCESS_TOKEN set, the same expectations are put to LINE
 * itself, with that channel: nothing is sent to anyone, and no setting is changed.
 */
const realToken = process.env["LINE_TEST_CHANNEL_ACCESS_TOKEN"];
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());

const sides = [
  ["the simulator", false, (token?: string) => createClient(platform.line, token)],
  [
    "LINE",
    realToken === undefined,
    (token = realToken) => LineBotClient.fromChannelAccessToken({ channelAccessToken: token ?? "" }),
  ],
] as const;

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    ({ status, body }: HTTPFetchError) => ({ status, body: JSON.parse(body) as { message: string } }),
  );

describe.each(sides)("%s", (_, isAbsent, clientOf) => {
  it.skipIf(isAbsent)("tells who the bot is", async () => {
    expect(await clientOf().getBotInfo()).toMatchObject({
      userId: expect.stringMatching(/^U[0-9a-f]{32}$/),
      basicId: expect.stringMatching(/^@/),
      chatMode: expect.stringMatching(/^(bot|chat)$/),
    });
  });

  it.skipIf(isAbsent)("refuses an unknown token with 401", async () => {
    const failure = await failureOf(clientOf("unknown").getBotInfo());

    expect(failure?.status).toBe(401);
    expect(failure?.body.message).toMatch(/^Authentication failed/);
  });

  it.skipIf(isAbsent)("refuses a reply token that it never gave out", async () => {
    const replyToken = "0123456789abcdef0123456789abcdef";

    const failure = await failureOf(clientOf().replyMessage({ replyToken, messages: [{ type: "text", text: "hi" }] }));

    expect(failure).toMatchObject({ status: 400, body: { message: "Invalid reply token" } });
  });

  it.skipIf(isAbsent)("knows no profile of a stranger, and none of what is no user id", async () => {
    const stranger = await failureOf(clientOf().getProfile(`U${"0".repeat(32)}`));
    const nobody = await failureOf(clientOf().getProfile("nobody"));

    expect([stranger?.status, nobody?.status]).toEqual([404, 400]);
  });

  it.skipIf(isAbsent)("refuses text of more than 5,000 units, and no messages at all", async () => {
    const long = await failureOf(clientOf().validatePush({ messages: [{ type: "text", text: "🍎".repeat(2501) }] }));
    const none = await failureOf(clientOf().validatePush({ messages: [] }));

    expect([long, none]).toMatchObject([
      { status: 400, body: { message: "The request body has 1 error(s)" } },
      { status: 400, body: { message: "The request body has 1 error(s)" } },
    ]);
    await expect(clientOf().validatePush({ messages: [{ type: "text", text: "🍎".repeat(2500) }] })).resolves.toEqual(
      {},
    );
  });

  it.skipIf(isAbsent)("refuses to set a webhook URL that is not https", async () => {
    const failure = await failureOf(clientOf().setWebhookEndpoint({ endpoint: "http://example.com/" }));

    expect(failure).toMatchObject({ status: 400, body: { message: "Invalid webhook endpoint URL" } });
  });

  it.skipIf(isAbsent)("tells the quota and what is used of it", async () => {
    expect((await clientOf().getMessageQuota()).type).toMatch(/^(none|limited)$/);
    expect((await clientOf().getMessageQuotaConsumption()).totalUsage).toBeGreaterThanOrEqual(0);
  });

  it.skipIf(isAbsent)("has no content for a message that never was", async () => {
    expect(await failureOf(clientOf().getMessageContent("1"))).toMatchObject({ status: 404 });
  });

  it.skipIf(isAbsent)("has no rich menu that was never made", async () => {
    const failure = await failureOf(clientOf().getRichMenu(`richmenu-${"0".repeat(32)}`));

    expect(failure?.status).toBe(404);
  });
});
