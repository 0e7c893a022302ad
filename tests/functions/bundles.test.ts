import { describe, expect, test } from "vitest";
import { bundleOnce, startBundle, startBundles, type FunctionName } from "./bundled.ts";
import { callback, signed, startCloud, textEvent } from "./cloud.ts";
import { toRecord } from "./setup.ts";

const parseLines = (output: string) =>
  output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Lambda loads it before it takes the first request. */
test.each<[FunctionName, number]>([
  ["webhook", 60_000],
  ["worker", 600_000],
])("the bundle of %s is at most %i bytes and loads nothing but Node's own modules", async (name, mostBytes) => {
  const code = Buffer.from(await bundleOnce(name)).toString("utf8");

  expect(Buffer.byteLength(code)).toBeLessThanOrEqual(mostBytes);
  const imported = [...code.matchAll(/\bfrom\s?"([^"]+)"|\bimport\("([^"]+)"\)/g)].map(
    ([, one, other]) => one ?? other,
  );
  expect(imported.length).toBeGreaterThan(0);
  expect(imported.filter((name) => !nodeModules.test(name ?? ""))).toEqual([]);
});

const nodeModules = /^node:|^(buffer|crypto|fs|http|http2|https|os|path|process|stream|url|util)$/;

test("the receiver has neither the bot nor LINE's client in it", async () => {
  const code = Buffer.from(await bundleOnce("webhook")).toString("utf8");

  expect(code).not.toContain("You said");
  expect(code).not.toContain("/v2/bot/message");
});

test("the bundles carry a message from a webhook request to its answer", async () => {
  await using cloud = await startCloud();
  await using bundles = await startBundles(cloud);

  expect(await bundles.receive(signed(callback(textEvent("hello"))))).toMatchObject({ statusCode: 200 });
  expect(await bundles.receive(signed(callback(textEvent("hello")), "another secret"))).toMatchObject({
    statusCode: 401,
  });
  expect(cloud.replies()).toEqual([]);
  expect(await bundles.deliver()).toEqual({ batchItemFailures: [] });

  expect(cloud.replies()).toEqual(["You said: hello"]);
  expect(parseLines(await bundles.receiver.stop())).toMatchObject([
    { level: "INFO", message: "webhook", status: 200, events: 1, correlationId: "JKJaXmPLvHcESHA=" },
    { level: "WARN", message: "webhook", status: 401, outcome: "not authentic" },
  ]);
  const [line, metrics] = parseLines(await bundles.worker.stop());
  expect(line).toMatchObject({
    level: "INFO",
    message: "event",
    type: "message",
    outcome: "handled",
    correlationId: "JKJaXmPLvHcESHA=",
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  });
  expect(Object.keys(line ?? {}).slice(0, 4)).toEqual(["timestamp", "level", "message", "correlationId"]);
  expect(metrics).toMatchObject({
    EventHandled: 1,
    service: "worker",
    FunctionName: "bot-worker-1a2b3c4",
    _aws: {
      CloudWatchMetrics: [
        {
          Namespace: "LineBot",
          Dimensions: [["service", "FunctionName"]],
          Metrics: [{ Name: "EventHandled", Unit: "Count" }],
        },
      ],
    },
  });
});

test("the worker answers a probe without messages, and writes nothing", async () => {
  await using cloud = await startCloud();
  await using bundles = await startBundles(cloud);

  expect(await bundles.worker.invoke({ Records: [] })).toEqual({ batchItemFailures: [] });
  expect(await bundles.worker.stop()).toBe("");
});

test("the receiver answers a direct call that has no more than a signed body", async () => {
  await using cloud = await startCloud();
  await using receiver = await startBundle("webhook", cloud.env);
  expect(await receiver.started).toBe(true);
  const { body, headers } = signed(callback());

  expect(await receiver.invoke({ body, headers })).toMatchObject({ statusCode: 200 });
  expect(await receiver.stop()).toContain('"correlationId":"8476a536-e9f4-11e8-9739-2dfe598c3fcd"');
});

describe("a bundle does not load, and says why,", () => {
  test.each<[FunctionName, Record<string, string>, string]>([
    ["webhook", { CREDENTIALS_SECRET_ARN: "" }, "CREDENTIALS_SECRET_ARN is not set"],
    ["webhook", { QUEUE_URL: "" }, "QUEUE_URL is not set"],
    ["webhook", { AWS_ENDPOINT_URL_SQS: "http://example.com" }, "neither https:// nor on localhost"],
    ["worker", { EVENTS_TABLE: "" }, "EVENTS_TABLE is not set"],
    ["worker", { MAX_RECEIVES: "" }, "MAX_RECEIVES is not set"],
    ["worker", { LINE_API_URL: "https://api.line.me.example.com" }, "is not LINE's API"],
  ])("%s with %j", async (name, wrong, reason) => {
    await using cloud = await startCloud();
    await using started = await startBundle(name, {
      ...cloud.env,
      EVENTS_TABLE: "events",
      MAX_RECEIVES: "3",
      ...wrong,
    });

    expect(await started.started).toBe(false);
    expect(await started.stop()).toContain(reason);
  });
});

test("the receiver loads while Secrets Manager is down, and works as soon as it is back", async () => {
  await using cloud = await startCloud();
  cloud.override = () => ({ status: 400, body: { __type: "AccessDeniedException" } });
  await using receiver = await startBundle("webhook", cloud.env);
  expect(await receiver.started).toBe(true);
  await expect.poll(() => cloud.calls.length).toBe(1);

  cloud.override = () => undefined;

  expect(await receiver.invoke(signed(callback()))).toMatchObject({ statusCode: 200 });
});

test("errors keep their messages to themselves, until the process is told to log them", async () => {
  await using cloud = await startCloud();
  cloud.override = ({ path }) => (path === "/v2/bot/message/reply" ? { status: 403 } : undefined);
  await using bundles = await startBundles(cloud, { LOG_ERROR_MESSAGES: "true" });

  await bundles.receive(signed(callback(textEvent("hello"))));
  expect((await bundles.deliver()).batchItemFailures).toHaveLength(1);

  expect(await bundles.worker.stop()).toContain('"error":"HTTPFetchError","status":403,"reason":"403 - Forbidden"');
});

test("an event whose worker is killed is taken up again, when the killed worker's lease is over", async () => {
  await using cloud = await startCloud();
  const never = new Promise(() => undefined);
  const asked = Promise.withResolvers<void>();
  cloud.override = ({ path }) => {
    if (path !== "/v2/bot/message/reply") return undefined;
    asked.resolve();
    return { after: never };
  };
  await using bundles = await startBundles(cloud, { INVOCATION_MS: "3000" });
  await bundles.receive(signed(callback(textEvent("hello"))));
  const invocation = bundles.deliver();
  await asked.promise;
  bundles.worker.kill();
  await expect(invocation).rejects.toThrow("ended");
  cloud.override = () => undefined;

  await using next = await startBundle("worker", { ...bundles.env, INVOCATION_MS: "10000" });
  expect(await next.started).toBe(true);
  const Records = cloud.queue.map((message) => toRecord(message));
  // It waits, as giving the event back would count as one of its three receives.
  expect(await next.invoke({ Records })).toEqual({ batchItemFailures: [] });

  expect(cloud.replies()).toEqual(["You said: hello", "You said: hello"]); // One to the killed worker's call.
});
