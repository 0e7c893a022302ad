/** What goes wrong with webhooks that are set by a deployment, and what this one does then. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { devChannel, prodChannel } from "@pulumi-line-bot/line-simulator/seed";
import { createWorld, channelId, fromIdAndSecret, longLived, type Platform, startPlatform } from "./platform.ts";
import { check, create } from "../../../infra/channel-webhook/webhook-provider.ts";
import { createStack } from "./stack.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
beforeEach(() => platform.reset());

const at = (path: string) => platform.bot.url(path);
const count = (call: string) => platform.calls.filter((one) => one === call).length;
const endpoint = async () => (await platform.webhook()).endpoint;
const typeInConsole = (path: string) => platform.line.console.setWebhookUrl({ channelId, url: at(path) });
const said = () => platform.said.join("\n");
const never = () => new Promise<never>(() => {});

describe("a secret", () => {
  it("of the channel is in no property, no message and no error, with a token of either kind", async () => {
    const texts: string[] = [];
    for (const credentials of [fromIdAndSecret, longLived]) {
      platform.credentials = credentials;
      const stack = platform.stack();
      await stack.up(platform.inputs("one"));
      platform.bot.answer("two", 400);
      await stack.up(platform.inputs("two")).catch((error: unknown) => texts.push(String(error)));
      await stack.refresh();
      texts.push(JSON.stringify(stack.resource), ...platform.said);
      await stack.destroy();
    }

    expect(texts.length).toBeGreaterThan(3);
    for (const secret of [devChannel.channelSecret, devChannel.channelAccessToken, "Bearer", "eyJ"]) {
      expect(texts.join("\n")).not.toContain(secret);
    }
  });

  it("that was reissued since the last up is read again by refresh and destroy, which run no program", async () => {
    await typeInConsole("former");
    platform.bot.answer("former", 400, 200);
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    const { channelSecret } = await platform.line.console.reissueSecret({ channelId });
    platform.credentials = { channelId, channelSecret };

    expect(await stack.refresh()).toBe("same");
    await stack.destroy();

    expect(said()).not.toContain("could not be read");
    expect(await endpoint()).toBe(at("former"));
  });

  it("that is no longer valid lets a refresh keep the state and warn", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    const before = structuredClone(stack.resource);
    platform.credentials = longLived;
    await platform.line.console.revokeTokens({ channelId });

    expect(await stack.refresh()).toBe("same");

    expect(stack.resource).toEqual(before);
    expect(said()).toMatch(
      /warning: The webhook of "Dev bot" .* could not be read, its state is kept: .*does not know this access token/,
    );
  });

  it.each([
    ["whose token is revoked", "does not know this access token", async () => void (platform.credentials = longLived)],
    ["that is gone", "does not exist", async () => void (platform.credentials = undefined)],
    [
      "that is a former one",
      "refused to issue",
      async () => void (await platform.line.console.reissueSecret({ channelId })),
    ],
  ])("%s does not hold up the destroy, which says what is left", async (_, reason, spoil) => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    await platform.line.console.revokeTokens({ channelId });
    await spoil();

    await stack.destroy();

    expect(stack.resource).toBeUndefined();
    expect(said()).toMatch(new RegExp(`warning: The webhook of .* was left as it is \\(${at("mine")}.*${reason}`));
  });
});

describe("a process", () => {
  it("that is killed after LINE took the URL and before the state has it is made up for by the next up", async () => {
    await typeInConsole("former");
    platform.bot.answer("former", 400, 200);
    let isKilled = false;
    platform.wire = async (call, send) => {
      if (isKilled) return never();
      const response = await send();
      if (call !== "PUT endpoint") return response;
      isKilled = true;
      dead.resolve();
      return never();
    };
    const dead = Promise.withResolvers<void>();
    void platform.stack().up(platform.inputs("mine"));
    await dead.promise;
    platform.wire = (_, send) => send();
    platform.calls.length = 0;

    const next = platform.stack();
    await next.up(platform.inputs("mine"));

    expect(await endpoint()).toBe(at("mine"));
    expect(count("PUT endpoint")).toBe(0);
    expect(await next.up(platform.inputs("mine"))).toBe("same");
  });
});

describe("a set call", () => {
  it.each([
    ["500 before it took effect", { status: 500, effect: "before" }, 2],
    ["500 after it took effect", { status: 500, effect: "after" }, 1],
    ["429", { status: 429, effect: "before" }, 2],
  ] as const)("answered with %s is settled by reading", async (_, fault, writes) => {
    await platform.line.console.addFault({ on: "api", operation: "setWebhookEndpoint", times: 1, ...fault });

    await platform.stack().up(platform.inputs("new"));

    expect(await endpoint()).toBe(at("new"));
    expect(count("PUT endpoint")).toBe(writes);
    const afterFirst = platform.calls.slice(platform.calls.indexOf("PUT endpoint") + 1);
    expect(afterFirst[0]).toBe("GET endpoint");
  });

  it.each([
    ["before", 2],
    ["after", 1],
  ] as const)("without an answer, broken off %s it took effect, is settled by reading", async (effect, writes) => {
    let isFirst = true;
    platform.wire = async (call, send) => {
      if (call !== "PUT endpoint" || !isFirst) return send();
      isFirst = false;
      if (effect === "after") await send();
      throw new TypeError("fetch failed", { cause: new Error("socket hang up") });
    };

    await platform.stack().up(platform.inputs("new"));

    expect(await endpoint()).toBe(at("new"));
    expect(count("PUT endpoint")).toBe(writes);
  });

  it("that takes longer than its time is given up, and settled by reading", async () => {
    let end = () => {};
    const limits = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
      const limit = new AbortController();
      end = () => limit.abort(new DOMException("The time is over", "TimeoutError"));
      return limit.signal;
    });
    onTestFinished(() => limits.mockRestore());
    const stack = createStack(() => ({ ...createWorld(platform), timeoutMs: 500 }));
    platform.wire = (call, send) => {
      const answer = send();
      if (call === "PUT endpoint" && count(call) === 1) end();
      return answer;
    };

    await stack.up(platform.inputs("new"));

    expect(await endpoint()).toBe(at("new"));
    expect(count("PUT endpoint")).toBe(2);
    expect(said()).toMatch(/LINE did not answer PUT .*Trying again/);
    expect(limits).toHaveBeenCalledWith(500);
  });

  it("that LINE refuses for good ends with LINE's message, at once, and without the token", async () => {
    platform.credentials = longLived;
    platform.wire = (call, send) =>
      call === "PUT endpoint"
        ? Promise.resolve(
            Response.json({ message: "Access to this API is not available for your account" }, { status: 403 }),
          )
        : send();

    const failed = platform.stack().up(platform.inputs("new"));

    await expect(failed).rejects.toThrow(
      /403: Access to this API is not available for your account\. Nothing was changed/,
    );
    await expect(failed).rejects.not.toThrow(devChannel.channelAccessToken);
    expect(count("PUT endpoint")).toBe(1);
    expect(platform.waits).toEqual([]);
  });

  it("that is followed by a third URL was not the last word: nothing is written over it", async () => {
    platform.wire = async (call, send) => {
      const response = await send();
      if (call === "PUT endpoint" && count("PUT endpoint") === 1) await typeInConsole("rival");
      return response;
    };

    await expect(platform.stack().up(platform.inputs("new"))).rejects.toThrow(
      /accepted .*\/new but reports .*\/rival: somebody else/,
    );

    expect(await endpoint()).toBe(at("rival"));
    expect(count("PUT endpoint")).toBe(1);
  });

  it("without an answer that is followed by a third URL is not repeated over it", async () => {
    platform.wire = async (call, send) => {
      if (call !== "PUT endpoint") return send();
      await typeInConsole("rival");
      throw new TypeError("fetch failed", { cause: new Error("socket hang up") });
    };

    await expect(platform.stack().up(platform.inputs("new"))).rejects.toThrow("somebody else may have set it");

    expect(await endpoint()).toBe(at("rival"));
    expect(count("PUT endpoint")).toBe(1);
  });

  it("is not taken back where somebody else has set a third URL since", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("live"));
    platform.bot.answer("new", 200, 400);
    platform.wire = async (call, send) => {
      const response = await send();
      if (call === "POST test" && (await endpoint()) === at("new")) await typeInConsole("rival");
      return response;
    };

    await expect(stack.up(platform.inputs("new"))).rejects.toThrow("status 400");

    expect(await endpoint()).toBe(at("rival"));
  });

  it("that could not be taken back is kept in the state, with what to restore", async () => {
    await typeInConsole("former");
    platform.bot.answer("former", 400, 200);
    platform.bot.answer("new", 200, 400);
    platform.wire = (call, send) =>
      call === "PUT endpoint" && count("PUT endpoint") > 1
        ? Promise.resolve(Response.json({ message: "Internal server error" }, { status: 500 }))
        : send();
    const stack = platform.stack();

    await expect(stack.up(platform.inputs("new"))).rejects.toThrow(`the channel may point at ${at("new")} now`);

    expect(stack.resource?.outputs).toMatchObject({
      registeredEndpoint: at("new"),
      formerEndpoint: at("former"),
      verify: false,
      __provider: "the shim's text",
    });
    platform.wire = (_, send) => send();
    platform.bot.answer("new", 200);
    expect(await stack.up(platform.inputs("new"))).toBe("update");
    await stack.destroy();
    expect(await endpoint()).toBe(at("former"));
  });
});

describe("an endpoint", () => {
  it("that is registered before its route is live is waited for, within five tests", async () => {
    platform.bot.answer("new", 404, 404, 500, 503, 200);

    await platform.stack().up(platform.inputs("new"));

    expect(await endpoint()).toBe(at("new"));
    expect(count("POST test")).toBe(6);
  });

  it("that never gets live fails the deployment before the channel points at it", async () => {
    platform.bot.answer("new", 404);

    await expect(platform.stack().up(platform.inputs("new"))).rejects.toThrow("ERROR_STATUS_CODE, 404");

    expect(await endpoint()).toBeUndefined();
  });
});

describe("a replacement creates first and deletes after", () => {
  it("the deleted one leaves its successor's URL alone", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("one"));

    await stack.replace(platform.inputs("two", { takeOver: at("one") }));

    expect(await endpoint()).toBe(at("two"));
    expect(said()).toContain(`is ${at("two")}, and not this resource's: left alone`);
  });

  it("the deleted one does not restore what was before, where its successor has the same URL", async () => {
    await typeInConsole("former");
    platform.bot.answer("former", 400, 200);
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));

    await stack.replace(platform.inputs("mine"));

    expect(await endpoint()).toBe(at("mine"));
    expect(said()).toContain("another resource of this stack has it now");
  });

  it("nor where an earlier operation was broken off between the two", async () => {
    await typeInConsole("former");
    platform.bot.answer("former", 400, 200);
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    stack.condemned.push(structuredClone(stack.resource!));

    expect(await stack.up(platform.inputs("mine"))).toBe("same");

    expect(await endpoint()).toBe(at("mine"));
    expect(stack.condemned).toEqual([]);
  });
});

describe("a destroy", () => {
  beforeEach(async () => {
    await typeInConsole("former");
    platform.bot.answer("former", 400, 200);
  });

  it("restores the URL that was there before the stack, and says so", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("one"));
    await stack.up(platform.inputs("two"));

    await stack.destroy();

    expect(await endpoint()).toBe(at("former"));
    expect(said()).toContain(`is ${at("former")} again, as before this stack`);
  });

  it("leaves the URL where it is told to, and says loudly that LINE goes on sending there", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine", { onDestroy: "keep" }));

    await stack.destroy();

    expect(await endpoint()).toBe(at("mine"));
    expect(said()).toMatch(new RegExp(`warning: .* still is ${at("mine")}: LINE cannot unset it.*console`));
  });

  it("leaves the URL where there is nothing to restore, and says so", async () => {
    await platform.reset();
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));

    await stack.destroy();

    expect(await endpoint()).toBe(at("mine"));
    expect(said()).toMatch(/warning: .*LINE cannot unset it/);
  });

  it("leaves the URL where the former one no longer answers, and says what was not put back", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    platform.bot.answer("former", 400);

    await stack.destroy();

    expect(await endpoint()).toBe(at("mine"));
    expect(count("PUT endpoint")).toBe(1);
    expect(said()).toMatch(
      /warning: .*LINE cannot unset it.*was not put back: LINE could not deliver a test to .*former/,
    );
  });

  it("leaves a URL that somebody else has set since, and says so", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    await typeInConsole("rival");

    await stack.destroy();

    expect(await endpoint()).toBe(at("rival"));
    expect(said()).toContain(`is ${at("rival")}, and not this resource's: left alone`);
  });

  it("that cannot reach LINE fails and keeps the state, so that a later one restores", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    platform.wire = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("no route to host") }));

    await expect(stack.destroy()).rejects.toThrow(/could not be restored and may still be .*no route to host/);
    platform.wire = (_, send) => send();
    await stack.destroy();

    expect(await endpoint()).toBe(at("former"));
  });

  it("restores over failures of the set call as a deployment sets", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    await platform.line.console.addFault({
      on: "api",
      operation: "setWebhookEndpoint",
      status: 500,
      effect: "after",
      times: 1,
    });

    await stack.destroy();

    expect(await endpoint()).toBe(at("former"));
  });
});

describe("the wrong token", () => {
  it("of the production bot in a stack for development changes nothing", async () => {
    await platform.line.console.setWebhookUrl({ channelId: prodChannel.channelId, url: at("production") });
    platform.credentials = { channelId: prodChannel.channelId, channelSecret: prodChannel.channelSecret };
    const calls = () => platform.calls.filter((call) => call !== "GET info");

    await expect(platform.stack().up(platform.inputs("dev", { bot: devChannel.userId }))).rejects.toThrow("pinned to");
    const pinned = calls();
    await expect(platform.stack().up(platform.inputs("dev"))).rejects.toThrow("takeOver");

    expect(pinned).toEqual([]);
    expect(count("PUT endpoint")).toBe(0);
    expect((await platform.webhook(prodChannel.channelId)).endpoint).toBe(at("production"));
  });
});

describe("the console", () => {
  it("changes the URL: refresh shows it, once, the next preview an update, and up repairs it", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    await typeInConsole("by-hand");
    platform.bot.answer("by-hand", 404);

    const refreshes = [await stack.refresh(), await stack.refresh()];
    const preview = stack.preview(platform.inputs("mine"));
    await stack.up(platform.inputs("mine"));

    expect(refreshes).toEqual(["update", "same"]);
    expect(preview).toBe("update");
    expect(await endpoint()).toBe(at("mine"));
    expect(await stack.refresh()).toBe("same");
  });

  it("changes the URL and changes it back: what this stack set stays its own, whatever a refresh has seen", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    await typeInConsole("by-hand");
    await stack.refresh();
    await typeInConsole("mine");

    await stack.up(platform.inputs("next"));

    expect(await endpoint()).toBe(at("next"));
  });

  it("after a repair is no place to go back to: destroy restores what was before the stack", async () => {
    await typeInConsole("former");
    platform.bot.answer("former", 400, 200);
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    await typeInConsole("by-hand");
    platform.bot.answer("by-hand", 404);
    await stack.refresh();
    await stack.up(platform.inputs("mine"));

    await stack.destroy();

    expect(await endpoint()).toBe(at("former"));
  });

  it("has no URL any more: refresh shows it, and up sets it", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    await platform.line.reset();

    expect(await stack.refresh()).toBe("update");
    expect(said()).toContain("has no webhook");
    expect(await stack.up(platform.inputs("mine"))).toBe("update");

    expect(await endpoint()).toBe(at("mine"));
  });

  it('has "Use webhook" off: the deployment registers, and says so with the console\'s link', async () => {
    await platform.line.console.setSettings({ channelId, useWebhook: false });
    const stack = platform.stack();

    await stack.up(platform.inputs("mine"));

    expect(stack.resource?.outputs["active"]).toBe(false);
    expect(said()).toMatch(/warning: .*"Use webhook" is off.*https:\/\/developers\.line\.biz\/console\//);
  });

  it('has "Use webhook" off where it has to be on: an error that keeps id and properties until it is on', async () => {
    await platform.line.console.setSettings({ channelId, useWebhook: false });
    const stack = platform.stack();
    const inputs = platform.inputs("mine", { requireActive: true });

    await expect(stack.up(inputs)).rejects.toThrow('"Use webhook" is off');
    const kept = structuredClone(stack.resource);
    await stack.refresh();
    await expect(stack.up(inputs)).rejects.toThrow('"Use webhook" is off');
    await platform.line.console.setSettings({ channelId, useWebhook: true });
    const step = await stack.up(inputs);

    expect(kept).toMatchObject({ id: devChannel.userId, outputs: { registeredEndpoint: at("mine"), active: false } });
    expect(kept?.outputs["__provider"]).toBe("the shim's text");
    expect(step).toBe("update");
    expect(stack.resource?.outputs).toMatchObject({ active: true, requireActive: true });
    expect(await stack.up(inputs)).toBe("same");
  });

  it('has "Use webhook" off where it has to be on: an error also after a refresh that could not read', async () => {
    await platform.line.console.setSettings({ channelId, useWebhook: false });
    const stack = platform.stack();
    const inputs = platform.inputs("mine", { requireActive: true });
    await expect(stack.up(inputs)).rejects.toThrow('"Use webhook" is off');
    platform.credentials = undefined;
    await stack.refresh();
    platform.credentials = fromIdAndSecret;

    await expect(stack.up(inputs)).rejects.toThrow('"Use webhook" is off');
  });

  it('switches "Use webhook" off later: refresh shows it where it has to be on, and the next up is an error', async () => {
    const stack = platform.stack();
    const inputs = platform.inputs("mine", { requireActive: true });
    await stack.up(inputs);
    await platform.line.console.setSettings({ channelId, useWebhook: false });

    const refreshes = [await stack.refresh(), await stack.refresh()];

    expect(refreshes).toEqual(["update", "same"]);
    expect(stack.resource?.outputs["active"]).toBe(false);
    await expect(stack.up(inputs)).rejects.toThrow('"Use webhook" is off');
  });

  it("renames the bot: the name is refreshed, and nothing is to be done", async () => {
    const stack = platform.stack();
    await stack.up(platform.inputs("mine"));
    await platform.line.console.renameBot({ channelId, displayName: "Renamed" });

    expect(await stack.refresh()).toBe("same");

    expect(stack.resource?.outputs["botName"]).toBe("Renamed");
    expect(stack.preview(platform.inputs("mine"))).toBe("same");
  });
});

describe("two resources of one program on one channel", () => {
  const secret = (name: string) => `arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:${name}-AbCdEf`;
  const pinned = (name: string) => platform.inputs(name, { credentials: secret(name), bot: devChannel.basicId });

  it.each([
    ["by their secret", (name: string) => platform.inputs(name)],
    ["by their pin", pinned],
  ])("are refused by check, which knows them %s", (_how, inputs) => {
    const claims = new Map();

    const failures = ["one", "one", "two"].map((path) => check(claims, inputs(path)).failures);

    expect(failures).toEqual([[], [], [{ property: "credentials", reason: expect.stringContaining(at("one")) }]]);
  });

  it("are refused before the second writes, where nobody knew the bot before", async () => {
    const world = { ...createWorld(platform), claims: new Map() };
    await create(world, platform.inputs("one", { credentials: secret("one") }));

    const second = create(world, platform.inputs("two", { credentials: secret("two"), takeOver: at("one") }));

    await expect(second).rejects.toThrow(
      /another LineChannelWebhook of this program points at .*one.*Nothing was changed/,
    );
    expect(await endpoint()).toBe(at("one"));
  });

  it("are not seen in a preview that does not know their endpoints yet", () => {
    const claims = new Map();
    const inputs = { ...platform.inputs("one"), endpoint: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" };

    expect([check(claims, inputs).failures, check(claims, inputs).failures]).toEqual([[], []]);
  });
});

describe("two stacks on one channel", () => {
  it("the second stops before it writes, and the first stays as it is", async () => {
    const [first, second] = [platform.stack(), platform.stack()];
    await first.up(platform.inputs("first"));

    await expect(second.up(platform.inputs("second"))).rejects.toThrow(
      new RegExp(`${at("first")}, which answers and was not set by this stack.*${at("second")}.*takeOver`),
    );

    expect(await endpoint()).toBe(at("first"));
    expect(await first.refresh()).toBe("same");
  });

  it("after a take-over the first stops before it writes, also when a refresh has shown it what happened", async () => {
    const [first, second] = [platform.stack(), platform.stack()];
    await first.up(platform.inputs("first", { artifact: "one" }));
    await second.up(platform.inputs("second", { takeOver: at("first") }));

    await expect(first.up(platform.inputs("first", { artifact: "two" }))).rejects.toThrow("takeOver");
    expect(await endpoint()).toBe(at("second"));
    expect(await first.refresh()).toBe("update");
    await expect(first.up(platform.inputs("first", { artifact: "two" }))).rejects.toThrow("takeOver");
    expect(await endpoint()).toBe(at("second"));
  });

  it("after a take-over the first's destroy leaves the second's URL, and the second's restores the first's", async () => {
    const [first, second] = [platform.stack(), platform.stack()];
    await first.up(platform.inputs("first"));
    await second.up(platform.inputs("second", { takeOver: at("first") }));

    await second.destroy();
    expect(await endpoint()).toBe(at("first"));
    await second.up(platform.inputs("second", { takeOver: at("first") }));
    await first.destroy();
    expect(await endpoint()).toBe(at("second"));
  });
});
