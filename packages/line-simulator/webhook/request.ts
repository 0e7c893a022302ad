import { sign } from "@pulumi-line-bot/kit/signature";
import type { Channel } from "../state.ts";
import type { World } from "../world.ts";
import type { LineEvent } from "./events.ts";
import type { WebhookRequest } from "./post.ts";

/** The request that carries the events: signed with the secret of this moment over exactly these bytes. */
export function toRequest({ behaviour }: World, channel: Channel, url: string, events: LineEvent[]): WebhookRequest {
  const json = JSON.stringify({ destination: channel.bot.userId, events });
  const body = Buffer.from(behaviour.escapeStyle === "escaped" ? escape(json) : json);
  const headers = {
    "Content-Type": behaviour.contentType,
    "Content-Length": String(body.byteLength),
    "User-Agent": "LineBotWebhook/2.0",
    Accept: "*/*",
    "Accept-Encoding": "gzip",
    [behaviour.signatureHeader]: sign(body, channel.secret),
  };
  const { webhookTimeoutMs: timeoutMs, followRedirects, keepConnections } = behaviour;
  return { url, body, headers, timeoutMs, followRedirects, keepConnections };
}

/** JSON allows both: an emoji as it is, or as two escaped halves. */
const escape = (json: string): string =>
  json.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`);
