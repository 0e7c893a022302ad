import { expect, test } from "vitest";
import { bundle } from "../../infra/artifact.ts";
import { sign } from "../../line/signature.ts";
import { callback, event, signed, startCloud, textEvent, type Cloud } from "./cloud.ts";
import { entry, startWorker } from "./worker.ts";

test("the bundle is at most 60 KB and loads nothing but Node's own modules", async () => {
  const code = Buffer.from(await bundle(entry)).toString("utf8");

  expect(Buffer.byteLength(code)).toBeLessThanOrEqual(60_000);
  const imported = [...code.matchAll(/\bfrom\s?"([^"]+)"|\bimport\("([^"]+)"\)|\brequire\("([^"]+)"\)/g)];
  expect(imported.length).toBeGreaterThan(0);
  expect(imported.map(([, name]) => name).filter((name) => name?.startsWith("node:") !== true)).toEqual([]);
});

test("the bundle answers a message in a process that has only Lambda's environment", async () => {
  await using cloud = await startCloud();
  await using worker = await startWorker(cloud.env);
  expect(await worker.started).toBe(true);

  expect(await worker.send(signed(callback(textEvent("hello"))))).toMatchObject({ statusCode: 200 });
  expect(await worker.send(signed(callback(textEvent("hello")), "another secret"))).toMatchObject({ statusCode: 401 });

  expect(cloud.replies()).toEqual(["You said: hello"]);
  const lines = (await worker.stop()).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: "INFO", message: "event", type: "message", outcome: "handled", correlationId: "JKJaXmPLvHcESHA=" },
    { level: "INFO", message: "webhook", status: 200, events: 1, correlationId: "JKJaXmPLvHcESHA=" },
    { level: "INFO", message: "webhook", status: 401, outcome: "not authentic" },
  ]);
});

test("the bundle answers a direct call that has no more than a signed body", async () => {
  await using cloud = await startCloud();
  await using worker = await startWorker(cloud.env);
  expect(await worker.started).toBe(true);
  const { body, headers } = signed(callback());

  expect(await worker.send({ body, headers })).toMatchObject({ statusCode: 200 });
  expect(await worker.stop()).toContain('"correlationId":"8476a536-e9f4-11e8-9739-2dfe598c3fcd"');
});

test.each([
  [{ CREDENTIALS_SECRET_ARN: "" }, "CREDENTIALS_SECRET_ARN is not set"],
  [{ LINE_API_URL: "https://api.line.me.example.com" }, "is not LINE's API"],
])("the bundle does not load with %j, and says why", async (wrong, reason) => {
  await using cloud = await startCloud();
  await using worker = await startWorker({ ...cloud.env, ...wrong });

  expect(await worker.started).toBe(false);
  expect(await worker.stop()).toContain(reason);
});

test("the bundle loads while Secrets Manager is down, and works as soon as it is back", async () => {
  await using cloud = await startCloud();
  cloud.override = () => ({ status: 400, body: { __type: "AccessDeniedException" } });
  await using worker = await startWorker(cloud.env);
  expect(await worker.started).toBe(true);
  await expect.poll(() => cloud.calls.length).toBe(1);

  cloud.override = () => undefined;

  expect(await worker.send(signed(callback()))).toMatchObject({ statusCode: 200 });
});

/** Words that must be found nowhere, and the ways to write them. */
const canaries = {
  channelSecret: "c4a9ary5ecretc4a9ary5ecretc4a9ar",
  accessToken: "canary+token/that=is-long-enough",
  awsSecret: "canaryAwsSecret/K7MDENG+bPxRfiCY",
  awsSession: "canary-aws-session-token-abcdefg",
  user: "Ucanary00000000000000000000000001",
  group: "Ccanary00000000000000000000000002",
  text: "canary says something private",
  name: "Canary Displayname",
  replyToken: "canaryReplyTokenZw52FIkcQobQuGDXC",
  quoteToken: "canaryQuoteToken",
};

const spellings = (word: string) => [
  word,
  JSON.stringify(word).slice(1, -1),
  encodeURIComponent(word),
  Buffer.from(word).toString("hex"),
  // Without the ends, which depend on what stands next to it.
  ...[0, 1, 2].map((shift) => Buffer.from(word).subarray(shift).toString("base64").slice(0, -4)),
];

test("no secret, token, id or word of a user is in what the function writes or answers, whatever goes wrong", async () => {
  await using cloud = await startCloud();
  cloud.secret = {
    channelId: "1234567890",
    channelSecret: canaries.channelSecret,
    channelAccessToken: canaries.accessToken,
  };
  cloud.profiles.set(canaries.user, { userId: canaries.user, displayName: canaries.name, language: "ja" });
  await using worker = await startWorker({
    ...cloud.env,
    AWS_SECRET_ACCESS_KEY: canaries.awsSecret,
    AWS_SESSION_TOKEN: canaries.awsSession,
  });
  expect(await worker.started).toBe(true);

  const source = { type: "group", groupId: canaries.group, userId: canaries.user };
  const { text, replyToken, quoteToken } = canaries;
  const message = { type: "text", id: "1", text, quoteToken };
  const good = callback(textEvent(text, { source, replyToken, message }));
  const requests = [
    signed(good, canaries.channelSecret),
    signed(Buffer.from(good), canaries.channelSecret),
    signed(good, "forged"),
    signed(good.replace("timestamp", text), canaries.channelSecret),
    signed(`${good}${text}`, canaries.channelSecret),
    signed(callback(event(text, { source })), canaries.channelSecret),
    signed(callback(textEvent(text, { source: { ...source, userId: 7 } })), canaries.channelSecret),
  ];
  const failures: Cloud["override"][] = [
    () => undefined,
    ({ path, body }) => (path.startsWith("/v2/bot/message") ? { status: 400, body: { message: body } } : undefined),
    ({ path, headers }) => (path.startsWith("/v2/bot/") ? { status: 401, body: headers } : undefined),
    ({ path, body }) => (path.startsWith("/v2/bot/profile") ? { status: 500, body: `${text}${body}` } : undefined),
    ({ path, body }) => (path.startsWith("/v2/bot/") ? { status: 200, body: `${text}${body}` } : undefined),
  ];
  const answers: string[] = [];
  for (const override of failures) {
    cloud.override = override;
    for (const request of requests) answers.push(JSON.stringify(await worker.send(request)));
  }

  expect(cloud.replies().length).toBeGreaterThan(0);
  const written = (await worker.stop()) + answers.join("\n");
  expect(written.split("\n").length).toBeGreaterThan(requests.length * failures.length);
  const signatures = requests.map((request) => request.headers["x-line-signature"] ?? "");
  const words = [...Object.values(canaries), ...signatures, sign(good, canaries.channelSecret)];
  expect(words.filter((word) => spellings(word).some((spelling) => written.includes(spelling)))).toEqual([]);
});

test("errors keep their messages to themselves, until the process is told to log them", async () => {
  await using cloud = await startCloud();
  cloud.override = ({ path }) => (path === "/v2/bot/message/reply" ? { status: 400 } : undefined);
  await using worker = await startWorker({ ...cloud.env, LOG_ERROR_MESSAGES: "true" });
  expect(await worker.started).toBe(true);

  await worker.send(signed(callback(textEvent("hello"))));

  expect(await worker.stop()).toContain('"error":"HTTPFetchError","status":400,"reason":"400 - Bad Request"');
});
