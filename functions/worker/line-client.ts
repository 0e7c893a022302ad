import { HTTPFetchError, messagingApi } from "@line/bot-sdk";
import type { AccessTokens } from "./access-tokens.ts";
import type { Log } from "../shared/log.ts";

export type LineClient = messagingApi.MessagingApiClient;

/**
 * LINE's own client, of which each call takes the current token, and is made once more with a new one when LINE
 * refuses it: tokens end early when the channel's secret is reissued.
 */
export function createLineClient(tokens: AccessTokens, apiUrl: URL, log: Log): LineClient {
  const clientWith = (channelAccessToken: string) =>
    new messagingApi.MessagingApiClient({ channelAccessToken, baseURL: apiUrl.href });

  const call = async (name: keyof LineClient, args: unknown[]): Promise<unknown> => {
    const token = await tokens.current(log);
    try {
      return await callByName(clientWith(token), name, args);
    } catch (error) {
      if (!isStatus(error, 401)) throw error;
      const renewed = await tokens.renewed(token, log);
      if (renewed === undefined) throw error;
      return callByName(clientWith(renewed), name, args);
    }
  };

  return new Proxy(clientWith(""), {
    get: (client, name) => {
      const member: unknown = Reflect.get(client, name);
      return typeof member === "function" && name !== "constructor"
        ? (...args: unknown[]) => call(name as keyof LineClient, args)
        : member;
    },
  });
}

function callByName(client: LineClient, name: keyof LineClient, args: unknown[]): Promise<unknown> {
  return (client[name] as (...args: unknown[]) => Promise<unknown>)(...args);
}

export function isStatus(error: unknown, ...statuses: number[]): error is HTTPFetchError {
  return error instanceof HTTPFetchError && statuses.includes(error.status);
}
