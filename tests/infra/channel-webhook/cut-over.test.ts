import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { devChannel, loginChannel, prodChannel } from "@pulumi-line-bot/line-simulator/seed";
import { channelId, longLived, type Platform, startPlatform } from "./platform.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(() => platform.reset());

const at = (path: string) => platform.bot.url(path);
const count = (call: string) => platform.calls.filter((one) => one === call).length;
const typeInConsole = (path: string) => platform.line.console.setWebhookUrl({ channelId, url: at(path) });
const tokenOf = (channel: typeof devChannel | typeof prodChannel) => ({
  channelId: channel.channelId,
  channelSecret: channel.channelSecret,
});

describe("the first deployment", () => {
  it("tests the URL, sets it, reads it back and tests it again: two tests and one write", async () => {
    const stack = platform.stack();

    await stack.up(platform.inputs("new"));

    expect(platform.calls).toEqual([
      "GET info",
      "GET endpoint",
      "POST test",
      "GET endpoint",
      "PUT endpoint",
      "GET endpoint",
      "POST test",
    ]);
    expect(platform.waits).toEqual([]);
    expect(await platform.webhook()).toEqual({ endpoint: at("new"), active: true });
    expect(platform.bot.tests("new", devChannel.channelSecret)).toBe(2);
  });

  it("works with a long-lived token as with id and secret", async () => {
    platform.credentials = longLived;

    await platform.stack().up(platform.inputs("new"));

    expect((await platform.webhook()).endpoint).toBe(at("new"));
  });

  it("keeps the bot, what is active and what to restore, and nothing that changes by itself", async () => {
    await typeInConsole("former");
    platform.bot.answer("former", 404);
    const stack = platform.stack();

    await stack.up(platform.inputs("new", { artifact: "sha" }));

    const { __provider: _, ...outputs } = stack.resource?.outputs ?? {};
    expect(outputs).toEqual({
      ...platform.inputs("new", { artifact: "sha" }),
      provenArtifacts: ["sha"],
      active: true,
      botUserId: devChannel.userId,
      botBasicId: devChannel.basicId,
      botName: "Dev bot",
      registeredEndpoint: at("new"),
      formerEndpoint: at("former"),
    });
  });

  it("prints the command that pins the bot, and not where one is pinned", async () => {
    const command = `\`pulumi config set line:bot ${devChannel.userId}\``;

    await platform.stack().up(platform.inputs("new"));
    const unpinned = platform.said.join("\n");
    platform.said.length = 0;
    await platform.stack().up(platform.inputs("new", { bot: devChannel.basicId }));

    expect(unpinned).toContain(command);
    expect(platform.said).toEqual([]);
  });

  it("writes nothing where the channel points at the endpoint already", async () => {
    await typeInConsole("new");

    await platform.stack().up(platform.inputs("new"));

    expect(count("PUT endpoint")).toBe(0);
    expect(count("POST test")).toBe(1);
  });

  it("tests nothing where it is told not to verify", async () => {
    platform.bot.answer("new", 500);

    await platform.stack().up(platform.inputs("new", { verify: false }));

    expect(count("POST test")).toBe(0);
    expect((await platform.webhook()).endpoint).toBe(at("new"));
  });
});

describe("an endpoint that fails LINE's test", () => {
  it.each([
    [401, "ERROR_STATUS_CODE, 401 (status 401)", "the channel secret there is another channel's"],
    [400, "ERROR_STATUS_CODE, 400 (status 400)", "The function's log group"],
    [302, "ERROR_STATUS_CODE, 302 (status 302)", "The function's log group"],
  ])("with %i is never set, and LINE's reason is reported", async (status, reason, advice) => {
    await typeInConsole("live");
    const stack = platform.stack();
    await stack.up(platform.inputs("live"));
    platform.bot.answer("broken", status);
    platform.calls.length = 0;

    const failed = stack.up(platform.inputs("broken"));

    await expect(failed).rejects.toThrow(reason);
    await expect(failed).rejects.toThrow(advice);
    expect(count("PUT endpoint")).toBe(0);
    expect(count("POST test")).toBe(1);
    expect((await platform.webhook()).endpoint).toBe(at("live"));
    expect(stack.preview(platform.inputs("broken"))).toBe("update");
  });

  it.each([500, 404, 429])("with %i is tested again, with pauses, for a bounded number of times", async (status) => {
    platform.bot.answer("new", status);

    await expect(platform.stack().up(platform.inputs("new"))).rejects.toThrow(`status ${status}`);

    expect(count("POST test")).toBe(5);
    expect(platform.waits).toHaveLength(4);
  });

  it("at first, as a cold start does, is set after all", async () => {
    platform.bot.answer("new", 503, 200);

    await platform.stack().up(platform.inputs("new"));

    expect((await platform.webhook()).endpoint).toBe(at("new"));
    expect(platform.said.join("\n")).toMatch(/503 \(status 503\)\. Trying again in \d s\./);
  });

  it("only after it was set is taken back, and the former URL is there again", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("live"));
    platform.bot.answer("flaky", 200, 400);

    await expect(stack.up(platform.inputs("flaky"))).rejects.toThrow(`webhook is ${at("live")} again`);

    expect((await platform.webhook()).endpoint).toBe(at("live"));
    expect(stack.resource?.outputs).toMatchObject({ endpoint: at("live"), registeredEndpoint: at("live") });
    expect(await stack.up(platform.inputs("live"))).toBe("same");
  });

  it("only after it was set, where there was none before, is kept in the state as unproved, also by a refresh", async () => {
    platform.bot.answer("new", 200, 400, 400, 200);
    const stack = platform.stack();

    await expect(stack.up(platform.inputs("new"))).rejects.toThrow("LINE has no call to unset a webhook");
    const refreshes = [await stack.refresh(), await stack.refresh()];
    const again = stack.up(platform.inputs("new"));

    expect(refreshes).toEqual(["update", "same"]);
    await expect(again).rejects.toThrow("status 400");
    expect(await stack.up(platform.inputs("new"))).toBe("update");
    expect(await stack.up(platform.inputs("new"))).toBe("same");
  });

  it("with a new artifact under the same URL stops the deployment, and the next one tests again", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("live", { artifact: "one" }));
    platform.bot.answer("live", 400, 200);

    const failed = stack.up(platform.inputs("live", { artifact: "two" }));

    await expect(failed).rejects.toThrow("could not deliver a test");
    expect(stack.resource?.outputs["artifact"]).toBe("one");
    expect(await stack.up(platform.inputs("live", { artifact: "two" }))).toBe("update");
  });
});

describe("the waiting", () => {
  it("grows, differs from pause to pause, is reported, and stays within one budget for all calls together", async () => {
    await platform.line.console.addFault({ on: "api", operation: "getBotInfo", status: 500, times: 3 });
    await platform.line.console.addFault({ on: "api", operation: "getWebhookEndpoint", status: 429, times: 1000 });

    await expect(platform.stack().up(platform.inputs("new"))).rejects.toThrow("429: The API rate limit");

    const total = platform.waits.reduce((sum, wait) => sum + wait, 0);
    expect(total).toBeLessThanOrEqual(90_000);
    expect(total).toBeGreaterThan(45_000);
    expect(new Set(platform.waits).size).toBe(platform.waits.length);
    platform.waits.slice(0, 3).forEach((wait, n) => {
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** n);
      expect(wait).toBeLessThanOrEqual(1000 * 2 ** n);
    });
    expect(platform.said.filter((message) => message.includes("Trying again in"))).toHaveLength(platform.waits.length);
    expect(count("PUT endpoint")).toBe(0);
  });

  it("is not for what stays: a refusal ends at once", async () => {
    platform.credentials = { ...tokenOf(devChannel), channelAccessToken: "revoked" };

    await expect(platform.stack().up(platform.inputs("new"))).rejects.toThrow(/does not know this access token.*401/);

    expect(platform.waits).toEqual([]);
  });

  it.each([
    ["issueStatelessChannelToken", 500],
    ["getBotInfo", 429],
    ["getWebhookEndpoint", 500],
    ["testWebhookEndpoint", 429],
    ["setWebhookEndpoint", 429],
  ] as const)("carries a deployment over two failures of %s with %i", async (operation, status) => {
    await platform.line.console.addFault({ on: "api", operation, status, times: 2 });

    await platform.stack().up(platform.inputs("new"));

    expect((await platform.webhook()).endpoint).toBe(at("new"));
    expect(platform.waits).toHaveLength(2);
  });

  it("bridges the time in which LINE cannot resolve a host name that is new", async () => {
    await platform.line.console.setBehaviour({ freshHostRefusedMs: 5000 });

    await platform.stack().up(platform.inputs("new"));

    expect((await platform.webhook()).endpoint).toBe(at("new"));
  });

  it("bridges the time in which LINE still reports the former URL", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("live"));
    const before = await platform.webhook();
    let stale = 0;
    platform.wire = async (call, send) => {
      const response = await send();
      if (call === "PUT endpoint") stale = 3;
      return call === "GET endpoint" && stale-- > 0 ? Response.json(before) : response;
    };

    await stack.up(platform.inputs("next"));

    expect(stack.resource?.outputs["endpoint"]).toBe(at("next"));
    expect(platform.waits).toHaveLength(3);
    expect(platform.said.join("\n")).toContain(`LINE still reports ${at("live")}`);
  });
});

describe("the artifacts that were proved", () => {
  it("are those of successful tests, each once, the latest first", async () => {
    const stack = platform.stack();
    for (const artifact of ["one", "two", "one"]) await stack.up(platform.inputs("mine", { artifact }));
    platform.bot.answer("mine", 400);
    await expect(stack.up(platform.inputs("mine", { artifact: "three" }))).rejects.toThrow("could not deliver");
    await stack.up(platform.inputs("mine", { artifact: "four", verify: false }));

    await stack.refresh();

    expect(stack.resource?.outputs["provenArtifacts"]).toEqual(["one", "two"]);
  });
});

describe("a foreign URL", () => {
  it("that fails LINE's test is taken over and reported", async () => {
    await typeInConsole("tunnel");
    platform.bot.answer("tunnel", 410);

    await platform.stack().up(platform.inputs("new"));

    expect((await platform.webhook()).endpoint).toBe(at("new"));
    expect(platform.said.join("\n")).toMatch(/warning: .*\/tunnel, set by somebody else, and does not answer/);
  });

  it("that answers stops the creation before the write, with both URLs and the command", async () => {
    await typeInConsole("living");

    const failed = platform.stack().up(platform.inputs("new"));

    await expect(failed).rejects.toThrow(at("living"));
    await expect(failed).rejects.toThrow(at("new"));
    await expect(failed).rejects.toThrow(`\`pulumi config set line:takeOver ${at("living")}\``);
    await expect(failed).rejects.toThrow(`--take-over ${at("living")}`);
    expect(count("PUT endpoint")).toBe(0);
  });

  it("that answers only after a cold start counts as one that answers", async () => {
    await typeInConsole("cold");
    platform.bot.answer("cold", 503, 200);

    await expect(platform.stack().up(platform.inputs("new"))).rejects.toThrow("takeOver");
  });

  it("that answers stops an update as well, where no refresh has shown it", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine", { artifact: "one" }));
    await typeInConsole("living");

    await expect(stack.up(platform.inputs("mine", { artifact: "two" }))).rejects.toThrow("takeOver");

    expect((await platform.webhook()).endpoint).toBe(at("living"));
  });

  it("that answers is replaced where `takeOver` names it, which is said, and a destroy comes back to it", async () => {
    await typeInConsole("living");
    const stack = platform.stack();

    await stack.up(platform.inputs("new", { takeOver: at("living") }));

    expect((await platform.webhook()).endpoint).toBe(at("new"));
    expect(platform.said.join("\n")).toMatch(
      /warning: .*\/living, set by somebody else; taking over, as `takeOver` names it/,
    );
    await stack.destroy();
    expect((await platform.webhook()).endpoint).toBe(at("living"));
  });

  it("that answers stops an update where `takeOver` names another", async () => {
    await typeInConsole("living");

    const failed = platform.stack().up(platform.inputs("new", { takeOver: at("another") }));

    await expect(failed).rejects.toThrow(`What may be replaced is ${at("another")}`);
    expect((await platform.webhook()).endpoint).toBe(at("living"));
  });

  it("that answers is nobody's own because a refresh has seen it: each further update is refused, too", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine", { artifact: "one" }));
    await typeInConsole("living");
    await stack.refresh();

    for (const artifact of ["two", "two", "three"]) {
      await expect(stack.up(platform.inputs("mine", { artifact }))).rejects.toThrow("takeOver");
      await stack.refresh();
    }

    expect((await platform.webhook()).endpoint).toBe(at("living"));
    await stack.up(platform.inputs("mine", { artifact: "three", takeOver: at("living") }));
    expect((await platform.webhook()).endpoint).toBe(at("mine"));
  });

  it("that does not answer is replaced again, and is nothing that a destroy comes back to", async () => {
    await typeInConsole("first");
    const stack = platform.stack();
    await stack.up(platform.inputs("mine", { takeOver: at("first") }));
    await typeInConsole("dead");
    platform.bot.answer("dead", 404);
    await stack.refresh();

    await stack.up(platform.inputs("mine", { takeOver: at("first") }));

    expect((await platform.webhook()).endpoint).toBe(at("mine"));
    expect(platform.said.join("\n")).toMatch(/warning: .*\/dead, set by somebody else, and does not answer/);
    await stack.destroy();
    expect((await platform.webhook()).endpoint).toBe(at("first"));
  });

  it("is not what the resource set itself, also where that was some updates ago", async () => {
    const stack = platform.stack();
    for (const path of ["one", "two", "three"]) await stack.up(platform.inputs(path));
    await typeInConsole("one");

    await stack.up(platform.inputs("four"));

    expect((await platform.webhook()).endpoint).toBe(at("four"));
  });

  it("that appears while the new one is tested is not written over", async () => {
    platform.wire = async (call, send) => {
      const response = await send();
      if (call === "POST test" && count("PUT endpoint") === 0) await typeInConsole("rival");
      return response;
    };

    await expect(platform.stack().up(platform.inputs("new"))).rejects.toThrow("somebody else deploys to this channel");

    expect((await platform.webhook()).endpoint).toBe(at("rival"));
    expect(count("PUT endpoint")).toBe(0);
  });
});

describe("the right channel", () => {
  it("is the pinned one: another bot's token is refused before any write, naming both", async () => {
    platform.credentials = tokenOf(prodChannel);

    const failed = platform.stack().up(platform.inputs("new", { bot: devChannel.userId }));

    await expect(failed).rejects.toThrow(`"Prod bot" (${prodChannel.basicId}, ${prodChannel.userId})`);
    await expect(failed).rejects.toThrow(`pinned to ${devChannel.userId}`);
    expect(platform.calls).toEqual(["GET info"]);
  });

  it.each([devChannel.userId, devChannel.basicId])("can be pinned by %s", async (bot) => {
    await platform.stack().up(platform.inputs("new", { bot }));

    expect((await platform.webhook()).endpoint).toBe(at("new"));
  });

  it("without a pin is the first one: an update that finds another stops with the command to replace", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("one"));
    platform.credentials = tokenOf(prodChannel);
    platform.calls.length = 0;

    const failed = stack.up(platform.inputs("two"));

    await expect(failed).rejects.toThrow(/"Prod bot".*"Dev bot"/s);
    await expect(failed).rejects.toThrow(`\`pulumi config set line:bot ${prodChannel.userId}\``);
    expect(platform.calls).toEqual(["GET info"]);
  });

  it("becomes another one by another pin: a replacement, which leaves the former bot as it cannot be reached", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("bot", { bot: devChannel.basicId }));
    platform.credentials = tokenOf(prodChannel);

    const step = await stack.up(platform.inputs("bot", { bot: prodChannel.basicId }));

    expect(step).toBe("replace");
    expect(stack.resource?.id).toBe(prodChannel.userId);
    expect((await platform.webhook(prodChannel.channelId)).endpoint).toBe(at("bot"));
    expect((await platform.webhook()).endpoint).toBe(at("bot"));
    expect(platform.said.join("\n")).toMatch(/warning: The webhook of "Dev bot" .* was left as it is/);
  });

  it("is the same by its user id as by its basic id: another way to pin it is no change", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("bot", { bot: devChannel.basicId }));

    expect(stack.preview(platform.inputs("bot", { bot: devChannel.userId }))).toBe("same");
    expect(stack.preview(platform.inputs("bot"))).toBe("same");
  });

  it("has a bot: credentials of a LINE Login channel are refused with the reason", async () => {
    platform.credentials = { channelId: loginChannel.channelId, channelSecret: loginChannel.channelSecret };

    const failed = platform.stack().up(platform.inputs("new"));

    await expect(failed).rejects.toThrow(/a LINE Login channel: they have to be those of a Messaging API channel/);
  });

  it("has one secret: a wrong one is refused, and not told", async () => {
    platform.credentials = { channelId, channelSecret: "f".repeat(32) };

    const failed = platform.stack().up(platform.inputs("new"));

    await expect(failed).rejects.toThrow(/refused to issue an access token.*have to be those of one channel/s);
    await expect(failed).rejects.not.toThrow("f".repeat(32));
  });
});
