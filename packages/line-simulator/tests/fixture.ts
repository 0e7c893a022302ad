import "./checked-fetch.ts";
import { LineBotClient } from "@line/bot-sdk";
import { expect } from "vitest";
import { createManualClock, type ManualClock } from "../clock.ts";
import { devChannel, seedPeople } from "../seed.ts";
import { startLineSimulator, type LineSimulator, type LineSimulatorOptions } from "../simulator.ts";
import { toUserId } from "../ids.ts";
import { startBotServer, type BotServer } from "./bot-server.ts";

export const { channelId } = devChannel;

/** What the seed's provider calls its people. */
export const userIds = {
  mei: toUserId(seedPeople.mei, "1000000001"),
  yuki: toUserId(seedPeople.yuki, "1000000001"),
  somchai: toUserId(seedPeople.somchai, "1000000001"),
  emma: toUserId(seedPeople.emma, "1000000001"),
};

export interface Platform extends AsyncDisposable {
  line: LineSimulator;
  bot: BotServer;
  clock: ManualClock;
  /** The official client, with the dev bot's long-lived token. */
  client: LineBotClient;
  /** A call by hand: the status, headers and parsed body of the answer. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** A simulator with a clock that stands still, and a bot whose URL is set and whose certificate is trusted. */
export async function startPlatform(options: LineSimulatorOptions = {}): Promise<Platform> {
  const bot = await startBotServer();
  const clock = createManualClock();
  const line = await startLineSimulator({ clock, trustedCa: bot.ca, ...options });
  const client = createClient(line);
  await client.setWebhookEndpoint({ endpoint: bot.url });
  return {
    line,
    bot,
    clock,
    client,
    async call(method, path, body, headers = {}) {
      const response = await fetch(new URL(path, line.url), {
        method,
        headers: {
          authorization: `Bearer ${devChannel.channelAccessToken}`,
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
    },
    async [Symbol.asyncDispose]() {
      await line.close();
      await bot[Symbol.asyncDispose]();
      expect(bot.problems, "webhooks that LINE's description does not allow").toEqual([]);
    },
  };
}

export function createClient({ url }: LineSimulator, channelAccessToken: string = devChannel.channelAccessToken) {
  return LineBotClient.fromChannelAccessToken({
    channelAccessToken,
    apiBaseURL: url,
    dataApiBaseURL: url,
    managerBaseURL: url,
  });
}
