import { LineError } from "./errors.ts";
import type { Channel } from "./state.ts";
import { dayInJapan, type World } from "./world.ts";

/** Takes from the month's quota. @throws {LineError} 429 when it does not suffice; nothing is sent then. */
export function takeQuota(world: World, channel: Channel, messages: number): void {
  const quota = findQuota(world, channel);
  if (quota.limit !== undefined && quota.used + messages > quota.limit) {
    throw new LineError(429, "You have reached your monthly limit.");
  }
  quota.used += messages;
}

/** The channel's quota, begun again with the month. */
export function findQuota(world: World, { quota }: Channel): Channel["quota"] {
  const month = dayInJapan(world.clock.now()).slice(0, 6);
  if (quota.month !== month) Object.assign(quota, { month, used: 0, units: [] });
  return quota;
}

export type SentKind = "reply" | "push" | "multicast" | "broadcast";

/** Counts for the delivery statistics, by day in Japan. */
export function countSent(world: World, channel: Channel, kind: SentKind, messages: number): void {
  const key = `${kind}/${dayInJapan(world.clock.now())}`;
  channel.sent[key] = (channel.sent[key] ?? 0) + messages;
  world.changed();
}

/** Remembers the names under which messages of this month are to be added up. */
export function countUnits(world: World, channel: Channel, names: readonly string[] = []): void {
  const quota = findQuota(world, channel);
  quota.units = [...new Set([...quota.units, ...names])];
}
