import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import type { Random } from "../../functions/random.ts";

export interface PlannedEvent {
  id: string;
  userId: string;
  /** The number of the event among the user's, from 0. */
  number: number;
  /** How the bot answers. Those with a reply come from the simulator, which gives out reply tokens. */
  way: "push" | "reply";
  text: string;
}

interface Plan {
  events: number;
  userIds: string[];
  random: Random;
}

/** One event in ten is answered by reply. */
export function planEvents({ events, userIds, random }: Plan): PlannedEvent[] {
  const counts = new Map<string, number>();
  return Array.from({ length: events }, (_, index) => {
    const userId = userIds[index % userIds.length] ?? "";
    const number = counts.get(userId) ?? 0;
    counts.set(userId, number + 1);
    const way = random.below(10) === 0 ? "reply" : "push";
    return { id: toEventId(index), userId, number, way, text: `${way} ${number}` };
  });
}

/** A ULID in form. */
const toEventId = (index: number) => `01FZ74A0TD${index.toString(32).toUpperCase().padStart(16, "0")}`;

/** A webhook's body with text messages, as LINE sends it. */
export function toBody(events: PlannedEvent[], isRedelivery: boolean): string {
  return JSON.stringify({
    destination: devChannel.userId,
    events: events.map(({ id, userId, text }) => ({
      type: "message",
      mode: "active",
      timestamp: Date.now(),
      source: { type: "user", userId },
      webhookEventId: id,
      deliveryContext: { isRedelivery },
      replyToken: id.toLowerCase(),
      message: { type: "text", id: id.slice(-12), quoteToken: "q3Plxr4AgKd", text },
    })),
  });
}
