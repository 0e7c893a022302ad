import { sign } from "../../../line/signature.ts";
import { sleep } from "../clock.ts";
import type { LineEvent } from "./events.ts";
import { recordError } from "./error-statistics.ts";
import { type Delivery, type Poster, unreachable } from "./post.ts";
import type { Channel } from "../state.ts";
import type { World } from "../world.ts";

/** What came of an event; `undefined` where the channel's settings say to send none. */
export type Outcome = Delivery | undefined;

export interface Webhooks {
  /** Sends an event to the channel's endpoint, if one is set and used. Resolves with the first attempt's outcome. */
  send(channel: Channel, event: LineEvent): Promise<Outcome>;
  /** Sends several events in one request. */
  sendTogether(channel: Channel, events: LineEvent[]): Promise<Outcome>;
  /** Sends the signed empty body of the test call and the console's "Verify". */
  test(channel: Channel, url: string): Promise<Delivery>;
  /** Resolves when nothing is under way (redeliveries that wait for their time do not count). */
  idle(): Promise<void>;
  close(): void;
}

interface Batch {
  events: LineEvent[];
  outcome: Promise<Outcome>;
}

export function createWebhooks(world: () => World, poster: Poster): Webhooks {
  const underWay = new Set<Promise<unknown>>();
  const batches = new Map<string, Batch>();
  const heldBack = new Map<string, LineEvent[]>();
  const waiting = new Set<() => void>();
  let closed = false;

  const track = <T>(work: Promise<T>): Promise<T> => {
    const settled = Promise.allSettled([work]).finally(() => underWay.delete(settled));
    underWay.add(settled);
    return work;
  };

  async function post(channel: Channel, url: string, events: LineEvent[]): Promise<Delivery> {
    const { behaviour } = world();
    const body = Buffer.from(toJson({ destination: channel.bot.userId, events }, behaviour.escapeStyle));
    return poster.post(
      url,
      body,
      toHeaders(body, channel.secret, behaviour.signatureHeader),
      behaviour.webhookTimeoutMs,
    );
  }

  /** One attempt, traced; a failed one is counted and, where the channel asks for it, tried again later. */
  async function attempt(channel: Channel, events: LineEvent[], attemptsBefore: number): Promise<Outcome> {
    const { traces } = world();
    const url = effectiveEndpoint(world(), channel);
    if (url === undefined || !channel.webhook.active || closed) return undefined;
    const fault = world().faults.take("webhook", channel.id);
    if (fault?.delayMs !== undefined) await sleep(world().clock, fault.delayMs);
    if (fault?.what === "duplicate") void track(attempt(channel, events, Number.POSITIVE_INFINITY));
    const delivery = fault?.what === "unreachable" ? unreachable(url) : await post(channel, url, events);
    traces.add({ kind: "webhook", channelId: channel.id, events: events.map(toSummary), delivery });
    if (!delivery.success) {
      recordError(world(), channel, delivery);
      redeliverLater(channel, events, attemptsBefore);
    }
    return delivery;
  }

  function redeliverLater(channel: Channel, events: LineEvent[], attemptsBefore: number): void {
    const { behaviour, clock, memory } = world();
    const delayMs = channel.webhook.redelivery ? behaviour.redeliveryDelaysMs[attemptsBefore] : undefined;
    if (delayMs === undefined) return;
    const callOff = clock.after(delayMs, () => {
      waiting.delete(callOff);
      const again = events.map((event) => ({ ...event, deliveryContext: { isRedelivery: true } }));
      for (const event of again) renewReplyToken(event);
      void track(attempt(channel, again, attemptsBefore + 1));
    });
    waiting.add(callOff);

    /** A minute anew from the redelivery, unless it was used or the event is twenty minutes old. */
    function renewReplyToken(event: LineEvent): void {
      const replyToken = "replyToken" in event ? event.replyToken : undefined;
      const kept = replyToken === undefined ? undefined : memory.replyTokens.get(replyToken);
      if (kept === undefined) return;
      kept.usableUntilMs = Math.min(clock.now() + behaviour.replyTokenMs, kept.eventAtMs + 20 * 60_000);
    }
  }

  function sendTogether(channel: Channel, events: LineEvent[]): Promise<Outcome> {
    const held = heldBack.get(channel.id);
    heldBack.delete(channel.id);
    if (held === undefined && world().faults.take("webhook", channel.id, "reorder") !== undefined) {
      heldBack.set(channel.id, events);
      return Promise.resolve(undefined);
    }
    const sending = track(attempt(channel, events, 0));
    if (held !== undefined) void track(sending.then(() => attempt(channel, held, 0)));
    return sending;
  }

  return {
    sendTogether,
    send(channel, event) {
      const { groupEventsMs } = world().behaviour;
      if (groupEventsMs === 0) return sendTogether(channel, [event]);
      const batch = batches.get(channel.id);
      if (batch !== undefined) {
        batch.events.push(event);
        return batch.outcome;
      }
      const events = [event];
      const outcome = track(
        sleep(world().clock, groupEventsMs).then(() => {
          batches.delete(channel.id);
          return sendTogether(channel, events);
        }),
      );
      batches.set(channel.id, { events, outcome });
      return outcome;
    },
    test: (channel, url) => track(post(channel, url, [])),
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close() {
      closed = true;
      for (const callOff of waiting) callOff();
      waiting.clear();
      poster.close();
    },
  };
}

/** LINE caches the setting: for a while after a change, events may still go to the former URL. */
export function effectiveEndpoint({ clock, behaviour }: World, { webhook }: Channel): string | undefined {
  const isCached = clock.now() < (webhook.changedAtMs ?? 0) + behaviour.webhookCacheMs;
  return isCached ? webhook.formerEndpoint : webhook.endpoint;
}

function toSummary({ type, webhookEventId, deliveryContext: { isRedelivery } }: LineEvent) {
  return { type, webhookEventId, isRedelivery };
}

function toJson(body: object, style: "raw" | "escaped"): string {
  const json = JSON.stringify(body);
  if (style === "raw") return json;
  return json.replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`,
  );
}

const toHeaders = (body: Buffer, secret: string, signatureName: string): Record<string, string> => ({
  "Content-Type": "application/json; charset=utf-8",
  "Content-Length": String(body.byteLength),
  "User-Agent": "LineBotWebhook/2.0",
  Accept: "*/*",
  "Accept-Encoding": "gzip",
  [signatureName]: sign(body, secret),
});
