import type { Clock } from "../clock.ts";
import type { Channel } from "../state.ts";
import type { World } from "../world.ts";
import { recordError } from "./error-statistics.ts";
import type { LineEvent } from "./events.ts";
import { createPauses } from "./pauses.ts";
import { unreachable, type Delivery, type Poster } from "./post.ts";
import { toRequest } from "./request.ts";

/** What came of an event; `undefined` where none was sent: no URL, webhooks not in use, or held back by a fault. */
type Outcome = Delivery | undefined;

export interface Webhooks {
  /** Sends an event to the channel's endpoint, if one is set and used. Resolves with the first attempt's outcome. */
  send(channel: Channel, event: LineEvent): Promise<Outcome>;
  /** Sends several events in one request. */
  sendTogether(channel: Channel, events: LineEvent[]): Promise<Outcome>;
  /** Sends the signed empty body of the test call and the console's "Verify". */
  test(channel: Channel, url: string): Promise<Delivery>;
  /** Resolves when no request is under way; what waits for its time does not count. */
  idle(): Promise<void>;
  /** Breaks off what is under way and calls off what waits. */
  abort(): Promise<void>;
}

/** How often the event was tried before; `undefined`: it is not to be tried again. */
type Attempts = number | undefined;

export function createWebhooks(world: () => World, clock: Clock, poster: Poster): Webhooks {
  const underWay = new Set<Promise<unknown>>();
  const batches = new Map<string, { events: LineEvent[]; outcome: Promise<Outcome> }>();
  const heldBack = new Map<string, LineEvent[]>();
  const pauses = createPauses(clock);

  async function post(channel: Channel, url: string, events: LineEvent[]): Promise<Delivery> {
    const posting = poster.post(toRequest(world(), channel, url, events)).finally(() => underWay.delete(posting));
    underWay.add(posting);
    return posting;
  }

  /** One attempt, traced; a failed one is counted and, where the channel asks for it, tried again later. */
  async function attempt(channel: Channel, events: LineEvent[], before: Attempts): Promise<Outcome> {
    const url = channel.webhook.active ? findEndpoint(world(), channel) : undefined;
    if (url === undefined) return undefined;
    const fault = world().faults.take("webhook", channel.id);
    if (fault?.delayMs !== undefined && !(await pauses.wait(fault.delayMs))) return undefined;
    for (const event of events) renewReplyToken(world(), event);
    if (fault?.what === "duplicate") void attempt(channel, events, undefined);
    const delivery = fault?.what === "unreachable" ? unreachable(url) : await post(channel, url, events);
    world().traces.add({ kind: "webhook", channelId: channel.id, events: events.map(toSummary), delivery });
    if (!delivery.success) {
      recordError(world(), channel, delivery);
      void redeliver(channel, events, before);
    }
    return delivery;
  }

  async function redeliver(channel: Channel, events: LineEvent[], before: Attempts): Promise<void> {
    const { redeliveryDelaysMs, redeliverAlone } = world().behaviour;
    if (before === undefined || !channel.webhook.redelivery) return;
    const delayMs = redeliveryDelaysMs[before];
    if (delayMs === undefined || !(await pauses.wait(delayMs))) return;
    const again = events.map((event) => ({ ...event, deliveryContext: { isRedelivery: true } }));
    const requests = redeliverAlone ? again.map((event) => [event]) : [again];
    for (const request of requests) void attempt(channel, request, before + 1);
  }

  function sendTogether(channel: Channel, events: LineEvent[]): Promise<Outcome> {
    const held = heldBack.get(channel.id);
    heldBack.delete(channel.id);
    if (held === undefined && world().faults.take("webhook", channel.id, "reorder") !== undefined) {
      heldBack.set(channel.id, events);
      return Promise.resolve(undefined);
    }
    const sending = attempt(channel, events, 0);
    if (held !== undefined) void sending.then(() => attempt(channel, held, 0));
    return sending;
  }

  async function sendBatch(channel: Channel, events: LineEvent[], gatherMs: number): Promise<Outcome> {
    const isOver = await pauses.wait(gatherMs);
    batches.delete(channel.id);
    return isOver ? sendTogether(channel, events) : undefined;
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
      const outcome = sendBatch(channel, events, groupEventsMs);
      batches.set(channel.id, { events, outcome });
      return outcome;
    },
    test: (channel, url) => post(channel, url, []),
    async idle() {
      // What a finished request or the clock leads to starts in the turns right after.
      do {
        await Promise.all(underWay);
        await new Promise((resolve) => setImmediate(resolve));
      } while (underWay.size > 0);
    },
    async abort() {
      pauses.callOff();
      heldBack.clear();
      poster.abort();
      await Promise.all(underWay);
    },
  };
}

/** LINE caches the setting: for a while after a change, events may still go to the former URL. */
export function findEndpoint({ clock, behaviour }: World, { webhook }: Channel): string | undefined {
  const isCached = clock.now() < (webhook.changedAtMs ?? 0) + behaviour.webhookCacheMs;
  return isCached ? webhook.formerEndpoint : webhook.endpoint;
}

const oldestReplyMs = 20 * 60_000;

/** The bot has a minute from each delivery on, until the token is used or the event is twenty minutes old. */
function renewReplyToken({ clock, memory, behaviour }: World, event: LineEvent): void {
  const replyToken = "replyToken" in event ? event.replyToken : undefined;
  const kept = replyToken === undefined ? undefined : memory.replyTokens.get(replyToken);
  if (kept === undefined) return;
  kept.usableUntilMs = Math.min(clock.now() + behaviour.replyTokenMs, kept.eventAtMs + oldestReplyMs);
}

const toSummary = ({ type, webhookEventId, deliveryContext: { isRedelivery } }: LineEvent) => ({
  type,
  webhookEventId,
  isRedelivery,
});
