import { createManualClock, type ManualClock } from "@pulumi-line-bot/line-simulator/clock";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { startLineSimulator, type LineSimulator } from "@pulumi-line-bot/line-simulator/simulator";
import { NoCredentials } from "../../../infra/stored-credentials.ts";
import type { Properties } from "../../../infra/channel-webhook/inputs.ts";
import type { ChannelCredentials } from "../../../line/credentials.ts";
import { startApiServer } from "./api-server.ts";
import { type BotEndpoint, startBotEndpoint } from "./bot-endpoint.ts";
import { createStack, type Stack } from "./stack.ts";

export const { channelId } = devChannel;
const secretArn = "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:bot-AbCdEf";
export const fromIdAndSecret: ChannelCredentials = { channelId, channelSecret: devChannel.channelSecret };
export const longLived: ChannelCredentials = {
  ...fromIdAndSecret,
  channelAccessToken: devChannel.channelAccessToken,
};

type Send = () => Promise<Response>;
/** Stands between the provider and LINE: what it returns is what the provider gets. */
type Wire = (call: string, send: Send) => Promise<Response>;

export interface Platform extends AsyncDisposable {
  line: LineSimulator;
  clock: ManualClock;
  bot: BotEndpoint;
  /** Messages to the person who deploys, as `info: …` and `warning: …`. */
  said: string[];
  /** Calls of LINE's API, such as `PUT endpoint`. */
  calls: string[];
  /** Milliseconds waited. */
  waits: number[];
  /** What the secret holds; undefined: it is gone. */
  credentials: ChannelCredentials | undefined;
  wire: Wire;
  /** Which version each alias stands for. */
  aliases: Map<string, string>;
  /** An alias that cannot be moved. */
  stuck: string | undefined;
  /** The inputs of a resource for this path of the endpoint. */
  inputs(path: string, more?: Properties): Properties;
  stack(): Stack;
  /** What LINE has, as the console shows it. */
  webhook(channel?: string): Promise<{ endpoint: string | undefined; active: boolean }>;
  /** Everything as in the beginning, an hour later. */
  reset(): Promise<void>;
}

/** @param overSockets whether the resource runs in a process of its own, and its calls come by a socket. */
export async function startPlatform({ overSockets = false } = {}): Promise<Platform> {
  const bot = await startBotEndpoint();
  const clock = createManualClock();
  const line = await startLineSimulator({ clock, trustedCa: bot.ca });
  const api = overSockets ? await startApiServer(line.url, (url, init) => callThrough(platform, url, init)) : undefined;
  const apiUrl = api?.url ?? line.url;
  const platform: Platform = {
    line,
    clock,
    bot,
    aliases: new Map(),
    stuck: undefined,
    said: [],
    calls: [],
    waits: [],
    credentials: fromIdAndSecret,
    wire: (_call, send) => send(),
    inputs: (path, more = {}) => ({ endpoint: bot.url(path), credentials: secretArn, apiUrl, ...more }),
    stack: () => createStack(() => createWorld(platform)),
    async webhook(id = channelId) {
      const { channels } = await line.console.overview();
      const found = channels.find((channel) => channel.id === id);
      return { endpoint: found?.webhook?.endpoint, active: found?.webhook?.active ?? false };
    },
    async reset() {
      platform.aliases.clear();
      platform.stuck = undefined;
      await line.reset();
      bot.reset();
      clock.advance(3_600_000);
      platform.said.length = platform.calls.length = platform.waits.length = 0;
      platform.credentials = fromIdAndSecret;
      platform.wire = (_call, send) => send();
    },
    async [Symbol.asyncDispose]() {
      await api?.[Symbol.asyncDispose]();
      await line.close();
      await bot[Symbol.asyncDispose]();
    },
  };
  return platform;
}

export function createWorld(platform: Platform) {
  const { said, waits, clock } = platform;
  return {
    aliases: {
      getVersion: (aliasArn: string) => Promise.resolve(platform.aliases.get(aliasArn) ?? "1"),
      async setVersion(aliasArn: string, version: string) {
        if (aliasArn === platform.stuck) throw new Error("no access");
        platform.aliases.set(aliasArn, version);
      },
    },
    readCredentials: async () => {
      if (platform.credentials !== undefined) return platform.credentials;
      throw new NoCredentials("The secret does not exist.");
    },
    log: {
      info: (message: string) => void said.push(`info: ${message}`),
      warn: (message: string) => void said.push(`warning: ${message}`),
    },
    wait: async (milliseconds: number) => {
      waits.push(milliseconds);
      clock.advance(milliseconds);
    },
    fetch: (url: string | URL | Request, init?: RequestInit) =>
      callThrough(platform, url instanceof Request ? url.url : url, init),
  };
}

function callThrough(platform: Platform, url: string | URL, init?: RequestInit): Promise<Response> {
  const { pathname } = new URL(url);
  const call = `${init?.method ?? "GET"} ${pathname.slice(pathname.lastIndexOf("/") + 1)}`;
  platform.calls.push(call);
  return platform.wire(call, () => fetch(url, init));
}
