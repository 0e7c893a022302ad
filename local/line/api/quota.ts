import type { messagingApi } from "@line/bot-sdk";
import { LineError } from "../errors.ts";
import type { Channel } from "../state.ts";
import { dayInJapan, type World } from "../world.ts";
import type { Handler } from "./call.ts";
import { parseStart, toStart } from "./paging.ts";

/** Takes from the month's quota. @throws {LineError} 429 when it does not suffice; nothing is sent then. */
export function takeQuota(world: World, channel: Channel, messages: number): void {
  const quota = findQuota(world, channel);
  if (quota.limit !== undefined && quota.used + messages > quota.limit) {
    throw new LineError(429, "You have reached your monthly limit.");
  }
  quota.used += messages;
}

/** The channel's quota, begun anew with the month. */
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

const getMessageQuota: Handler = ({ world, channel }): messagingApi.MessageQuotaResponse => {
  const { limit } = findQuota(world, channel);
  return limit === undefined ? { type: "none" } : { type: "limited", value: limit };
};

const getMessageQuotaConsumption: Handler = ({ world, channel }): messagingApi.QuotaConsumptionResponse => ({
  totalUsage: findQuota(world, channel).used,
});

/** The counting began on that day. */
const firstDay = "20180331";

const sentOf =
  (kind: SentKind): Handler =>
  ({ world, channel, query }): messagingApi.NumberOfMessagesResponse => {
    const { date = "" } = query;
    if (!isDay(date)) throw new LineError(400, "The value for the 'date' parameter is invalid");
    if (date < firstDay) return { status: "out_of_service" };
    // A day is counted up when it is over.
    if (date >= dayInJapan(world.clock.now())) return { status: "unready" };
    return { status: "ready", success: channel.sent[`${kind}/${date}`] ?? 0 };
  };

function isDay(date: string): boolean {
  const iso = date.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
  return iso !== date && !Number.isNaN(Date.parse(iso));
}

const getAggregationUnitUsage: Handler = ({ world, channel }): messagingApi.GetAggregationUnitUsageResponse => ({
  numOfCustomAggregationUnits: findQuota(world, channel).units.length,
});

const getAggregationUnitNameList: Handler = ({ world, channel, query }) => {
  const limit = Number(query["limit"] ?? 100);
  if (!(limit >= 1 && limit <= 100)) throw new LineError(400, "The value for the 'limit' parameter is invalid");
  const from = parseStart(query["start"]);
  const { units } = findQuota(world, channel);
  const next = units.length > from + limit ? { next: toStart(from + limit) } : {};
  return { customAggregationUnits: units.slice(from, from + limit), ...next };
};

export const quotaHandlers = {
  getMessageQuota,
  getMessageQuotaConsumption,
  getNumberOfSentReplyMessages: sentOf("reply"),
  getNumberOfSentPushMessages: sentOf("push"),
  getNumberOfSentMulticastMessages: sentOf("multicast"),
  getNumberOfSentBroadcastMessages: sentOf("broadcast"),
  getAggregationUnitUsage,
  getAggregationUnitNameList,
};
