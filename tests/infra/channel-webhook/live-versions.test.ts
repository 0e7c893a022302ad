import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Platform, startPlatform } from "./platform.ts";

let platform: Platform;
beforeAll(async () => void (platform = await startPlatform()));
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(() => platform.reset());

const receiver = "arn:aws:lambda:ap-northeast-1:000000000000:function:bot-1:live";
const worker = "arn:aws:lambda:ap-northeast-1:000000000000:function:bot-worker-1:live";
const at = (version: string, artifact: string) => {
  const live = [receiver, worker].map((aliasArn) => ({ aliasArn, version }));
  // What the program's aliases do before the webhook's turn comes.
  for (const { aliasArn } of live) platform.aliases.set(aliasArn, version);
  return platform.inputs("/webhook", { artifact, live });
};
const versions = () => Object.fromEntries(platform.aliases);

describe("a new version behind the same URL", () => {
  test("is tested by LINE, and recorded when that succeeds", async () => {
    const stack = platform.stack();
    await stack.up(at("1", "a"));
    platform.calls.length = 0;

    await stack.up(at("2", "a"));

    expect(platform.calls).toContain("POST test");
    expect(stack.resource?.outputs).toMatchObject({ live: [{ version: "2" }, { version: "2" }] });
  });

  test("that LINE's test refuses makes way for the one before, and is not recorded as proved", async () => {
    const stack = platform.stack();
    await stack.up(at("1", "a"));
    platform.bot.answer("/webhook", 401);

    await expect(stack.up(at("2", "b"))).rejects.toThrow(/LINE could not deliver a test/);

    expect(versions()).toEqual({ [receiver]: "1", [worker]: "1" });
    expect(stack.resource?.outputs).toMatchObject({ artifact: "a", live: [{ version: "1" }, { version: "1" }] });
    expect(platform.said).toContainEqual(
      expect.stringMatching(/^warning: bot-1:live is at version 1 again.*bot-worker-1:live is at version 1 again/),
    );
  });

  test("makes way also where LINE does not answer at all", async () => {
    const stack = platform.stack();
    await stack.up(at("1", "a"));
    platform.wire = () => Promise.reject(new TypeError("fetch failed"));

    await expect(stack.up(at("2", "b"))).rejects.toThrow(/fetch failed/);

    expect(versions()).toEqual({ [receiver]: "1", [worker]: "1" });
  });

  test("goes live for the next test by itself, though the engine believes that it is", async () => {
    const stack = platform.stack();
    await stack.up(at("1", "a"));
    const next = at("2", "b");
    platform.bot.answer("/webhook", 401);
    await expect(stack.up(next)).rejects.toThrow(/401/);
    platform.bot.answer("/webhook", 200);

    await stack.up(next);

    expect(versions()).toEqual({ [receiver]: "2", [worker]: "2" });
    expect(stack.resource?.outputs).toMatchObject({ artifact: "b" });
  });

  test("stays where only its registration is not as it should be", async () => {
    const stack = platform.stack();
    await stack.up(at("1", "a"));
    await platform.line.console.setSettings({ channelId: "2000000001", useWebhook: false });

    await expect(stack.up({ ...at("2", "b"), requireActive: true })).rejects.toThrow(/"Use webhook" is off/);

    expect(versions()).toEqual({ [receiver]: "2", [worker]: "2" });
  });
});

test("a refresh sees which version is live, and a failed proof goes back to that one", async () => {
  const stack = platform.stack();
  await stack.up(at("1", "a"));
  await stack.up(at("2", "b"));
  // What a rollback does.
  for (const aliasArn of [receiver, worker]) platform.aliases.set(aliasArn, "1");

  await stack.refresh();
  platform.bot.answer("/webhook", 401);
  await expect(stack.up(at("3", "a"))).rejects.toThrow(/401/);

  expect(versions()).toEqual({ [receiver]: "1", [worker]: "1" });
});

test("an alias that cannot be put back is reported, and the other is put back all the same", async () => {
  const stack = platform.stack();
  await stack.up(at("1", "a"));
  const next = at("2", "b");
  platform.bot.answer("/webhook", 401);
  platform.stuck = receiver;

  await expect(stack.up(next)).rejects.toThrow(/LINE could not deliver a test/);

  expect(versions()).toEqual({ [receiver]: "2", [worker]: "1" });
  expect(platform.said.join("\n")).toMatch(/bot-1:live could not be put back to version 1: no access/);
});
