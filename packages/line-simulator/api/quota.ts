import type { messagingApi } from "@line/bot-sdk";
import { LineError } from "../errors.ts";
import { findQuota, type SentKind } from "../quota.ts";
import { dayInJapan } from "../world.ts";
import type { Handler } from "./call.ts";
import { parseStart, toStart } from "./paging.ts";

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
