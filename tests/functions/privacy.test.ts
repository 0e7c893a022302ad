import { expect, test } from "vitest";
import { sign } from "@pulumi-line-bot/kit/signature";
import { startBundles } from "./bundled.ts";
import { callback, event, signed, startCloud, textEvent, type Cloud } from "./cloud.ts";

/** Words that must be found nowhere, and the ways to write them. */
const canaries = {
  channelSecret: "c4a9ary5ecretc4a9ary5ecretc4a9ar",
  accessToken: "canary+token/that=is-long-enough",
  awsSecret: "canaryAwsSecret/K7MDENG+bPxRfiCY",
  awsSession: "canary-aws-session-token-abcdefg",
  user: "Ucanary00000000000000000000000001",
  group: "Ccanary00000000000000000000000002",
  text: 'canary says "something" private',
  name: "Canary Displayname",
  replyToken: "canaryReplyTokenZw52FIkcQobQuGDXC",
  quoteToken: "canaryQuoteToken",
  message: "canary-message-7777777777",
  eventId: "canaryEventId0000000000001",
};

const spellings = (word: string) => [
  word,
  JSON.stringify(word).slice(1, -1),
  encodeURIComponent(word),
  Buffer.from(word).toString("hex"),
  // Without the ends, which depend on what stands next to it.
  ...[0, 1, 2].map((shift) => Buffer.from(word).subarray(shift).toString("base64").slice(0, -4)),
];

const foundIn = (words: string[], written: string) =>
  words.filter((word) => spellings(word).some((spelling) => written.includes(spelling)));

const { text, replyToken, quoteToken } = canaries;
const source = { type: "group", groupId: canaries.group, userId: canaries.user };
const message = { type: "text", id: canaries.message, text, quoteToken };

let sent = 0;
/** A body like no other, so that no event is a duplicate. */
const newEvent = () =>
  textEvent(text, { source, replyToken, message, webhookEventId: `${canaries.eventId}${(sent += 1)}` });

function newRequests() {
  const good = callback(newEvent());
  return [
    signed(good, canaries.channelSecret),
    signed(Buffer.from(callback(newEvent())), canaries.channelSecret),
    signed(good, "forged"),
    signed(good.replace("timestamp", JSON.stringify(text).slice(1, -1)), canaries.channelSecret),
    signed(`${good}${text}`, canaries.channelSecret),
    signed(callback(event(text, { source })), canaries.channelSecret),
    signed(
      callback(event("unsend", { source, unsend: { messageId: `${canaries.message}x` } })),
      canaries.channelSecret,
    ),
    signed(callback(textEvent(text, { source: { ...source, userId: 7 } })), canaries.channelSecret),
  ];
}

const isOf = (operation: string) => (headers: Record<string, unknown>) =>
  String(headers["x-amz-target"]).endsWith(`.${operation}`);

const failures: Cloud["override"][] = [
  () => undefined,
  ({ path, body }) => (path.startsWith("/v2/bot/message") ? { status: 400, body: { message: body } } : undefined),
  ({ path, headers }) => (path.startsWith("/v2/bot/") ? { status: 401, body: headers } : undefined),
  ({ path, body }) => (path.startsWith("/v2/bot/profile") ? { status: 500, body: `${text}${body}` } : undefined),
  ({ path, body }) => (path.startsWith("/v2/bot/") ? { status: 200, body: `${text}${body}` } : undefined),
  ({ headers, body }) =>
    isOf("SendMessageBatch")(headers) ? { status: 400, body: { __type: "AccessDenied", message: body } } : undefined,
  ({ headers, body }) =>
    isOf("ChangeMessageVisibilityBatch")(headers) ? { status: 400, body: { __type: body, message: body } } : undefined,
];

test("no secret, token, id or word of a user is in what the functions write, answer or keep, whatever goes wrong", async () => {
  await using cloud = await startCloud();
  cloud.secret = {
    channelId: "1234567890",
    channelSecret: canaries.channelSecret,
    channelAccessToken: canaries.accessToken,
  };
  cloud.profiles.set(canaries.user, { userId: canaries.user, displayName: canaries.name, language: "ja" });
  await using bundles = await startBundles(cloud, {
    AWS_SECRET_ACCESS_KEY: canaries.awsSecret,
    AWS_SESSION_TOKEN: canaries.awsSession,
  });

  const answers: string[] = [];
  const signatures: string[] = [];
  for (const override of failures) {
    cloud.override = override;
    for (const request of newRequests()) {
      signatures.push(request.headers["x-line-signature"] ?? "", sign(request.body, canaries.channelSecret));
      answers.push(JSON.stringify(await bundles.receive(request)));
      answers.push(JSON.stringify(await bundles.deliver()));
    }
  }

  expect(cloud.replies().length).toBeGreaterThan(0);
  const items = await bundles.table.items();
  expect(items.length).toBeGreaterThan(failures.length);
  const attributes = cloud.queue.map(({ MessageBody: _, ...rest }) => rest);
  expect(attributes.length).toBeGreaterThan(failures.length);
  const logs = (await bundles.receiver.stop()) + (await bundles.worker.stop());
  expect(logs.split("\n").length).toBeGreaterThan(answers.length / 2);

  const words = [...Object.values(canaries), ...signatures];
  const written = [logs, ...answers, JSON.stringify(items), JSON.stringify(attributes)].join("\n");
  expect(foundIn(words, written)).toEqual([]);
  // The event itself travels in the body of its message, and the secrets not even there.
  const { channelSecret, accessToken, awsSecret, awsSession, user } = canaries;
  const bodies = cloud.queue.map(({ MessageBody }) => MessageBody).join("\n");
  expect(foundIn([user], bodies)).toEqual([user]);
  expect(foundIn([channelSecret, accessToken, awsSecret, awsSession, ...signatures], bodies)).toEqual([]);
});
