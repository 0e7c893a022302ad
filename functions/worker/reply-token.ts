import type { webhook } from "@line/bot-sdk";

type Event = Pick<webhook.Event, "timestamp" | "deliveryContext">;

/** LINE takes a reply for a minute from its request on, and never later than 20 minutes after the event. */
const fromRequestMs = 60_000;
const fromEventMs = 20 * 60_000;
/** For what the clocks and the way of a call may differ by. */
const marginMs = 5000;

/**
 * The time by the clock from which on LINE promises no reply any more.
 * @see https://developers.line.biz/en/reference/messaging-api/#send-reply-message-reply-token
 */
export function toReplyEnd({ timestamp }: Event, receivedAtMs: number): number {
  return Math.min(receivedAtMs + fromRequestMs, timestamp + fromEventMs);
}

/** Whether a token that LINE refuses may have expired. Of one that has not, it says so because it was used. */
export function mayHaveExpired({ timestamp, deliveryContext }: Event, receivedAtMs: number): boolean {
  const requestAtMs = deliveryContext.isRedelivery ? receivedAtMs : timestamp;
  return Date.now() > toReplyEnd({ timestamp, deliveryContext }, requestAtMs) - marginMs;
}
