import { readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { channelAccessToken, LineBotClient } from "@line/bot-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { devChannel, prodChannel } from "@pulumi-line-bot/line-simulator/seed";
import { hasWebhookDescription, kindsOf, samplesOf } from "../support/webhook-samples.ts";
import { deploy, resourceCount } from "./deployed.ts";

let bot: Awaited<ReturnType<typeof deploy>>;

beforeAll(async () => {
  bot = await deploy();
  // The worker that is cold has no token yet, and half a second for the profile and all that this takes.
  const [person] = await friends();
  const userId = String(person?.userId);
  const warm = nextText(userId);
  await bot.cloud.line.console.sendText({ channelId, userId, text: "warm" });
  await warm;
}, 300_000);
afterAll(() => bot[Symbol.asyncDispose]());

const { channelId } = devChannel;

async function friends() {
  const { channels } = await bot.cloud.line.console.overview({});
  const channel = channels.find(({ id }) => id === channelId);
  if (channel === undefined) throw new Error("The seed's bot is gone");
  return channel.people;
}

/** What the bot says next in this chat. */
const nextText = async (chatId: string) => {
  const message = await bot.cloud.line.console.nextMessage({ channelId, userId: chatId });
  return "text" in message.content ? message.content.text : message.content.type;
};

describe("a person who writes to the deployed bot", () => {
  test.each([
    ["zh-Hant", "你說：hello"],
    ["ja", "「hello」ですね。"],
    ["th", "คุณพูดว่า: hello"],
    ["en", "You said: hello"],
  ])("is answered in the language of the profile: %s", async (language, text) => {
    const person = (await friends()).find((friend) => friend.language === language);
    const userId = String(person?.userId);

    const answer = nextText(userId);
    const { delivery } = await bot.cloud.line.console.sendText({ channelId, userId, text: "hello" });

    expect(delivery).toMatchObject({ success: true, statusCode: 200 });
    expect(await answer).toBe(text);
  });

  test("is welcomed on becoming a friend, and a group when the bot joins", async () => {
    const [person] = await friends();
    const userId = String(person?.userId);
    await bot.cloud.line.console.block({ channelId, userId });

    const welcome = nextText(userId);
    await bot.cloud.line.console.follow({ channelId, userId });
    expect(await welcome).toContain("謝謝你加我好友");
  });
});

describe("LINE's official client, pointed at the simulator", () => {
  async function createClient() {
    const apiBaseURL = bot.cloud.line.url;
    const tokens = new channelAccessToken.ChannelAccessTokenClient({ baseURL: apiBaseURL });
    const issued = await tokens.issueStatelessChannelToken(
      "client_credentials",
      undefined,
      undefined,
      channelId,
      devChannel.channelSecret,
    );
    return LineBotClient.fromChannelAccessToken({
      channelAccessToken: issued.access_token,
      apiBaseURL,
      dataApiBaseURL: apiBaseURL,
      managerBaseURL: apiBaseURL,
    });
  }

  test("finds the webhook that the deployment registered, and LINE's test passes", async () => {
    const client = await createClient();

    expect(await client.getWebhookEndpoint()).toEqual({ endpoint: bot.outputs["webhookUrl"], active: true });
    expect(await client.testWebhookEndpoint({})).toMatchObject({ success: true, statusCode: 200, reason: "OK" });
    expect(await client.getBotInfo()).toMatchObject({
      userId: bot.outputs["botUserId"],
      displayName: bot.outputs["botName"],
    });
  });

  test("pushes a message into a chat", async () => {
    const client = await createClient();
    const [person] = await friends();
    const to = String(person?.userId);

    const said = nextText(to);
    await client.pushMessage({ to, messages: [{ type: "text", text: "by the way" }] });

    expect(await said).toBe("by the way");
  });
});

describe("the deployed webhook", () => {
  const ping = JSON.stringify({ destination: devChannel.userId, events: [] });

  test.skipIf(!hasWebhookDescription).each(kindsOf("Event"))("takes every variant of LINE's event %s", async (type) => {
    const events = samplesOf("Event").filter((event) => event["type"] === type);

    const answer = await bot.post(JSON.stringify({ destination: devChannel.userId, events }));

    expect(answer.status).toBe(200);
  });

  test.each([
    ["one chat", 1],
    ["as many chats", 1000],
  ])("takes a thousand events of %s, at the latest when LINE has sent them again", async (_what, chats) => {
    const body = JSON.stringify({
      destination: devChannel.userId,
      events: Array.from({ length: 1000 }, (_, index) => ({
        type: "videoPlayComplete",
        mode: "active",
        timestamp: Date.now(),
        source: { type: "user", userId: `U${String(index % chats).padStart(32, "0")}` },
        webhookEventId: `${chats}-${index}`,
        deliveryContext: { isRedelivery: false },
        videoPlayComplete: { trackingId: "none" },
      })),
    });

    const statuses: number[] = [];
    while (statuses.at(-1) !== 200 && statuses.length < 5) statuses.push((await bot.post(body)).status);

    expect(statuses.at(-1), statuses.join()).toBe(200);
  });

  test("answers LINE's empty webhook", async () => {
    expect((await bot.post(ping)).status).toBe(200);
  });

  test.each([
    ["no signature", () => bot.send("POST", "/webhook", ping), 401],
    ["another channel's signature", () => bot.post(ping, prodChannel.channelSecret), 401],
    ["a body that is signed and not a webhook", () => bot.post("{}"), 400],
    ["a body beyond the size cap", () => bot.post("x".repeat(1024 * 1024 + 1)), 413],
    ["a body beyond the gateway's limit", () => bot.post("x".repeat(10 * 1024 * 1024 + 1)), 413],
    ["another method", () => bot.send("GET", "/webhook"), 404],
    ["another path", () => bot.send("POST", "/", ping), 404],
    ["a path below", () => bot.send("POST", "/webhook/more", ping), 404],
  ])("answers %s with what it deserves", async (_what, call, status) => {
    expect((await call()).status).toBe(status);
  });
});

describe("secrets", () => {
  test("are in none of the state's files, nor in what the functions log", async () => {
    const files = await readdir(bot.dataDir, { recursive: true, withFileTypes: true });
    const kept = files.filter((file) => file.isFile() && !file.parentPath.includes(`${path.sep}line`));
    expect(kept.length).toBeGreaterThan(10);
    for (const file of kept) {
      const bytes = await readFile(path.join(file.parentPath, file.name));
      for (const form of formsOf(devChannel.channelSecret)) {
        expect(bytes.includes(form), `${file.name} holds the channel secret`).toBe(false);
      }
      const { secretAccessKey } = bot.cloud.aws.accessKey;
      expect(bytes.includes(secretAccessKey), `${file.name} holds the access key`).toBe(false);
    }
  });

  const formsOf = (secret: string) => [
    secret,
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("hex"),
  ];
});

describe("the local stack", () => {
  test("is unchanged by a refresh and a second update", async () => {
    const refreshed = await bot.operate("refresh");
    const updated = await bot.operate("up");

    expect(refreshed.result).toBe("succeeded");
    expect(updated.changes).toEqual({ same: resourceCount });
  });

  test.skipIf(process.platform !== "linux")("listens on loopback only", async () => {
    const own = new Set(await ownSockets());
    const listening = (await Promise.all([readSockets("tcp"), readSockets("tcp6")]))
      .flat()
      .filter(({ inode }) => own.has(inode));

    expect(listening.length).toBeGreaterThanOrEqual(4);
    expect(new Set(listening.map(({ address }) => address))).toEqual(new Set([loopback]));
  });

  /** 127.0.0.1 as the kernel writes it. */
  const loopback = "0100007F";
  const listenState = "0A";

  async function readSockets(table: string) {
    const [, ...rows] = (await readFile(`/proc/self/net/${table}`, "utf8")).trim().split("\n");
    return rows
      .map((row) => row.trim().split(/\s+/))
      .filter((row) => row[3] === listenState)
      .map((row) => ({ address: row[1]?.split(":")[0], inode: row[9] ?? "" }));
  }

  async function ownSockets(): Promise<string[]> {
    const links = await Promise.all(
      (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
    );
    return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  }
});
