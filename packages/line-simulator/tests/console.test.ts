import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openContents } from "../contents.ts";
import { createManualClock } from "../clock.ts";
import { devChannel } from "../seed.ts";
import { startLineSimulator } from "../simulator.ts";
import { channelId, createClient, startPlatform, userIds, type Platform } from "./fixture.ts";

const dayMs = 86_400_000;
const mei = { channelId, userId: userIds.mei };
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());

const post = (action: string, input: unknown, headers: Record<string, string> = {}) =>
  fetch(new URL(`/console/${action}`, platform.line.url), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof input === "string" ? input : JSON.stringify(input),
  });

describe("the console's API", () => {
  it("runs each action with JSON", async () => {
    const response = await post("sendText", { ...mei, text: "hi" });

    expect(await response.json()).toMatchObject({ message: { content: { text: "hi" } }, delivery: { success: true } });
  });

  it.each([
    ["an action that it does not know", "dance", {}, {}, 404],
    ["input that does not fit", "sendText", { channelId }, {}, 400],
    ["what is not JSON", "sendText", "{", {}, 400],
    ["another content type", "sendText", "{}", { "content-type": "text/plain" }, 415],
    ["another site's page", "overview", {}, { origin: "https://example.com" }, 403],
    ["a page on another port of this machine", "reset", {}, { origin: "http://localhost:1" }, 403],
    ["an image or a script of such a page", "overview", {}, { "sec-fetch-site": "same-site" }, 403],
    ["a reset that a form could send", "reset", "{}", { "content-type": "text/plain" }, 415],
    ["a channel without a bot", "sendText", { ...mei, channelId: "2000000003", text: "hi" }, {}, 400],
    ["a channel that is not there", "sendText", { ...mei, channelId: "1", text: "hi" }, {}, 404],
  ])("refuses %s", async (_, action, input, headers, status) => {
    const response = await post(action, input, headers);

    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty("message");
  });

  it("refuses a name that was made to mean this machine", async () => {
    const { port } = new URL(platform.line.url);
    const asked = request({ port, host: "127.0.0.1", path: "/v2/bot/info", headers: { host: `evil.example:${port}` } });
    const [response] = (await once(asked.end(), "response")) as [IncomingMessage];
    response.resume();

    expect(response.statusCode).toBe(403);
  });

  it("streams what happens", async () => {
    const abort = new AbortController();
    const response = await fetch(new URL("/console/traces", platform.line.url), { signal: abort.signal });
    let text = "";
    const reading = (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        if (text.includes("event: hello") && !text.includes("event: message")) {
          void post("sendText", { ...mei, text: "streamed" });
        }
        if (text.includes("event: webhook")) abort.abort();
      }
    })();

    await expect(reading).rejects.toThrow("abort");

    expect(text).toContain('"text":"streamed"');
  });

  it("shows uploaded media, and nothing that a browser would run", async () => {
    const upload = async (contentType: string) => {
      const [sent] = await platform.line.console.sendImages({ ...mei, images: [{ base64: "YQ==", contentType }] });
      return fetch(new URL(`/console/contents/${sent!.message!.id}`, platform.line.url));
    };

    const [png, svg, html] = await Promise.all(["image/png", "image/svg+xml", "text/html"].map(upload));

    expect(await png!.text()).toBe("a");
    expect([svg!.status, html!.status]).toEqual([404, 404]);
  });

  it("shows no secret in its overview", async () => {
    const text = await (await post("overview", {})).text();

    expect(text).toContain("林美玲");
    expect(text).not.toContain(devChannel.channelSecret);
    expect(text).not.toContain(devChannel.channelAccessToken);
  });
});

describe("accounts", () => {
  it("are renamed once in seven days, until they are verified", async () => {
    const rename = (displayName: string) => platform.line.console.renameBot({ channelId, displayName });
    await rename("Trip bot");

    await expect(rename("Travel bot")).rejects.toThrow("less than seven days ago");
    platform.clock.advance(7 * dayMs);
    await rename("Travel bot");
    expect(await platform.client.getBotInfo()).toMatchObject({ displayName: "Travel bot" });
    await platform.line.console.setSettings({ channelId, verified: true });
    platform.clock.advance(7 * dayMs);
    await expect(rename("Other bot")).rejects.toThrow("review");
    await expect(rename("My LINE bot")).rejects.toThrow('must not contain "LINE"');
  });

  it("change their icon once an hour", async () => {
    const change = (pictureUrl: string) => platform.line.console.changeIcon({ channelId, pictureUrl });
    await change("https://a.example/a.png");

    await expect(change("https://a.example/b.png")).rejects.toThrow("less than an hour ago");
    platform.clock.advance(3_600_000);
    await change("https://a.example/b.png");
    expect(await platform.client.getBotInfo()).toMatchObject({ pictureUrl: "https://a.example/b.png" });
  });

  it("of another provider know the same people by other ids", async () => {
    const { id: providerId } = await platform.line.console.createProvider({ name: "Other" });
    const { channelId: other } = await platform.line.console.addChannel({ providerId, name: "Third bot" });
    const { channels } = await platform.line.console.overview();
    const idsOf = (id: string) => channels.find((channel) => channel.id === id)!.people.map(({ userId }) => userId);
    const { channelSecret } = await platform.line.console.revealCredentials({ channelId: other });
    const { channelAccessToken } = await platform.line.console.reissueLongLivedToken({ channelId: other });

    expect(idsOf(other)).toHaveLength(idsOf(channelId).length);
    expect(idsOf(other)).not.toContain(userIds.mei);
    expect(channelSecret).toMatch(/^[0-9a-f]{32}$/);
    const push = createClient(platform.line, channelAccessToken).pushMessage({
      to: userIds.mei,
      messages: [{ type: "text", text: "hi" }],
    });
    await expect(push).rejects.toMatchObject({ status: 400, body: '{"message":"Failed to send messages"}' });
  });

  it("verify their webhook, and have it typed in by hand", async () => {
    expect(await platform.line.console.verifyWebhook({ channelId })).toMatchObject({ success: true });
    await platform.line.console.setWebhookUrl({ channelId, url: "https://localhost/typed" });
    expect(await platform.client.getWebhookEndpoint()).toMatchObject({ endpoint: "https://localhost/typed" });
    await expect(platform.line.console.setWebhookUrl({ channelId, url: "http://localhost/" })).rejects.toThrow(
      "Invalid",
    );
    await platform.client.setWebhookEndpoint({ endpoint: platform.bot.url });
  });

  it("show messages that were read, and a sign of typing", async () => {
    const automatic = await platform.line.console.sendText({ ...mei, text: "read at once" });
    await platform.line.console.setSettings({ channelId, chat: true });
    const { message } = await platform.line.console.sendText({ ...mei, text: "read me" });
    expect([automatic.message?.readAtMs, message?.readAtMs]).toEqual([platform.clock.now(), undefined]);
    expect(await platform.client.getBotInfo()).toMatchObject({ chatMode: "chat", markAsReadMode: "manual" });
    await platform.client.markMessagesAsReadByToken({ markAsReadToken: message!.markAsReadToken! });
    await platform.client.showLoadingAnimation({ chatId: userIds.mei, loadingSeconds: 5 });

    const messages = await platform.line.console.messages({ channelId, chatId: userIds.mei });
    expect(messages.every(({ personId, readAtMs }) => personId === undefined || readAtMs !== undefined)).toBe(true);
    expect(platform.line.traces().at(-2)).toMatchObject({ kind: "loading", seconds: 5 });
    await expect(platform.client.markMessagesAsReadByToken({ markAsReadToken: "made up" })).rejects.toMatchObject({
      status: 400,
    });
    expect(
      await platform.call("POST", "/v2/bot/chat/loading/start", { chatId: `C${"0".repeat(32)}`, loadingSeconds: 3 }),
    ).toMatchObject({
      status: 400,
      body: {
        message: "The request body has 3 error(s)",
        details: [
          { message: "Must be between 5 and 60", property: "loadingSeconds" },
          { message: "must be a multiple of five", property: "loadingSeconds" },
          { property: "chatId" },
        ],
      },
    });
  });
});

describe("waiting for an answer", () => {
  it("ends when it is called off", async () => {
    const abort = new AbortController();
    const waiting = platform.line.console.nextMessage(mei, undefined, abort.signal);

    abort.abort(new Error("enough"));

    await expect(waiting).rejects.toThrow("enough");
  });

  it("does not take the bot's other chats for it", async () => {
    const waiting = platform.line.console.nextMessage(mei);
    const say = (to: string, text: string) => platform.client.pushMessage({ to, messages: [{ type: "text", text }] });

    await say(userIds.yuki, "not you");
    await say(userIds.mei, "you");

    expect(await waiting).toMatchObject({ content: { text: "you" } });
  });
});

describe("programs in any language", () => {
  it("wait for the bot's next message, and reset everything", async () => {
    const { seq } = (await (await post("sendText", { ...mei, text: "hi" })).json()) as { seq: number };
    const query = new URLSearchParams({ ...mei, after: String(seq) });
    const waiting = fetch(new URL(`/console/next-message?${query.toString()}`, platform.line.url));

    await platform.client.pushMessage({ to: userIds.mei, messages: [{ type: "text", text: "at last" }] });

    expect(await (await waiting).json()).toMatchObject({ content: { text: "at last" } });
    await post("reset", {});
    expect(await platform.line.console.messages({ channelId, chatId: userIds.mei })).toEqual([]);
  });
});

describe("what is kept", () => {
  it("is there again after a restart, whole, until it is reset", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "line-"));
    const clock = createManualClock();
    const start = () => startLineSimulator({ dataDir, clock });
    let line = await start();
    await createClient(line).setWebhookEndpoint({ endpoint: "https://localhost/kept" });
    const [sent] = await line.console.sendImages({ ...mei, images: [{ base64: "YQ==" }] });
    await line.console.block({ channelId, userId: userIds.yuki });
    await line.close();

    line = await start();
    const endpoint = await createClient(line).getWebhookEndpoint();
    const content = await createClient(line).getMessageContent(sent!.message!.id);
    const [bytes] = await content.toArray();
    const messages = await line.console.messages({ channelId, chatId: userIds.mei });
    await line.reset();
    await line.close();
    line = await start();

    expect(endpoint).toEqual({ endpoint: "https://localhost/kept", active: true });
    expect(String(bytes)).toBe("a");
    expect(messages).toHaveLength(1);
    await expect(createClient(line).getWebhookEndpoint()).rejects.toMatchObject({ status: 404 });
    expect(await readdir(join(dataDir, "contents"))).toEqual([]);
    await line.close();
    await rm(dataDir, { recursive: true });
  });

  it("is on disk when a setting is answered: no kill takes it away", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "line-"));
    const line = await startLineSimulator({ dataDir });

    await createClient(line).setWebhookEndpoint({ endpoint: "https://localhost/kept" });

    expect(await readFile(join(dataDir, "line.json"), "utf8")).toContain("https://localhost/kept");
    await line.close();
    await rm(dataDir, { recursive: true });
  });

  it("is of uploaded content only as much as there is room for, the newest", async () => {
    const contents = await openContents();
    const bytes = new Uint8Array(16 * 1024 * 1024);

    for (const id of ["1", "2", "3", "4", "5"]) contents.put(id, { contentType: "image/png", bytes });

    expect(["1", "2", "5"].map((id) => contents.has(id))).toEqual([false, true, true]);
  });

  it("of another version is refused and left alone, and so is a port in use", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "line-"));
    await writeFile(join(dataDir, "line.json"), '{"version":2}');

    await expect(startLineSimulator({ dataDir })).rejects.toThrow("another version");
    await expect(startLineSimulator({ port: Number(new URL(platform.line.url).port) })).rejects.toThrow("is in use");

    expect(await readFile(join(dataDir, "line.json"), "utf8")).toBe('{"version":2}');
    await rm(dataDir, { recursive: true });
  });
});

describe.each(["/", "/chat", "/console"])("the page at %s", (path) => {
  it("comes with all its parts, and nothing from elsewhere", async () => {
    const page = await fetch(new URL(path, platform.line.url));
    const html = await page.text();
    const parts = await partsOf([...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, part]) => part!));

    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(parts.size).toBeGreaterThan(4);
    expect(new Set(parts.values())).toEqual(new Set([200]));
    expect(html).not.toMatch(/(?:src|href)="(?!\/|data:)/);
  });

  /** The status of each part, and of what the scripts among them import. */
  async function partsOf(paths: string[], found = new Map<string, number>()): Promise<Map<string, number>> {
    for (const part of paths.filter((one) => !found.has(one))) {
      const response = await fetch(new URL(part, platform.line.url));
      found.set(part, response.status);
      const imports = [...(await response.text()).matchAll(/from "\.(\/[^"]+)"/g)].map(([, name]) => `/chat${name}`);
      await partsOf(imports, found);
    }
    return found;
  }
});

describe.each(["texts.js", "console-texts.js"])("the words in %s", (file) => {
  it("are there in four languages, each with every text", async () => {
    const { href } = new URL(`../pages/${file}`, import.meta.url);
    const { texts } = (await import(href)) as { texts: Record<string, object> };

    const [english, ...others] = Object.values(texts).map((words) => Object.keys(words).sort());

    expect(Object.keys(texts)).toEqual(["en", "zh-Hant", "ja", "th"]);
    for (const words of others) expect(words).toEqual(english);
  });

  it("are all that the pages ask for, and no more", async () => {
    const folder = new URL("../pages/", import.meta.url);
    const { texts } = (await import(new URL(file, folder).href)) as { texts: Record<string, Record<string, string>> };
    const page = file === "texts.js" ? "chat" : "console";
    const parts = [`${page}.html`, `${page}.js`, ...(page === "chat" ? ["bubble.js"] : [])];
    const sources = parts.map((name) => readFile(new URL(name, folder), "utf8"));
    const source = (await Promise.all(sources)).join("\n");
    const asked = [...source.matchAll(/data-text="(\w+)"|words\.(\w+)/g)].map(
      ([, inPage, inScript]) => inPage ?? inScript!,
    );

    const known = Object.keys(texts["en"]!);

    expect(asked.filter((name) => !known.includes(name))).toEqual([]);
    expect(known.filter((name) => !new RegExp(`\\b${name}\\b`).test(source) && name !== "name")).toEqual([]);
  });
});
