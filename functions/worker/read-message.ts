import * as v from "valibot";
import type { webhook } from "@line/bot-sdk";
import type { QueueMessage } from "../shared/queue-message.ts";

/** The receiver has checked the event; this finds what someone put into the queue by hand. */
const queueMessage = v.object({
  destination: v.string(),
  correlationId: v.string(),
  receivedAtMs: v.optional(v.number()),
  event: v.looseObject({
    type: v.string(),
    mode: v.string(),
    timestamp: v.number(),
    webhookEventId: v.string(),
    deliveryContext: v.looseObject({ isRedelivery: v.boolean() }),
  }),
});

/** A message in the queue is not one of the receiver's. */
class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

/** @throws {MalformedMessage} naming the property, never its value. */
export function parseQueueMessage(body: string): QueueMessage {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), queueMessage), body);
  if (!parsed.success) throw new MalformedMessage(v.getDotPath(parsed.issues[0]) ?? "the body");
  return { ...parsed.output, event: parsed.output.event as unknown as webhook.Event };
}
