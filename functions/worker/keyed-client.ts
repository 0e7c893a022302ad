import { isStatus, type LineClient } from "./line-client.ts";
import { toRetryKey } from "./retry-key.ts";

/** The calls that send, and that LINE takes a retry key with, as their second argument. */
const keyedCalls = new Set<unknown>([
  "pushMessage",
  "multicast",
  "narrowcast",
  "broadcast",
] satisfies (keyof LineClient)[]);

type Send = (request: unknown, retryKey?: string) => Promise<unknown>;

/**
 * The client as one event's handler gets it: what the handler sends has a retry key of the event's, unless it brings
 * its own. So LINE, which knows a key for a day, sends it once when the event is handled again; the call gets the answer
 * of the first one then.
 * @see https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
 */
export function withRetryKeys(line: LineClient, webhookEventId: string): LineClient {
  const calls = new Map<unknown, number>();

  const keyed =
    (name: unknown, send: Send): Send =>
    async (request, ownKey) => {
      if (ownKey !== undefined) return send(request, ownKey);
      const nth = calls.get(name) ?? 0;
      calls.set(name, nth + 1);
      try {
        return await send(request, toRetryKey(webhookEventId, `${String(name)} ${nth}`));
      } catch (error) {
        if (!isStatus(error, 409)) throw error;
        return JSON.parse(error.body) as unknown;
      }
    };

  return new Proxy(line, {
    get(client, name) {
      const member: unknown = Reflect.get(client, name);
      return keyedCalls.has(name) ? keyed(name, member as Send) : member;
    },
  });
}
