import { LineError } from "../errors.ts";
import type { Operation } from "../openapi/table.ts";
import type { World } from "../world.ts";

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

interface Limit {
  requests: number;
  perMs: number;
}

const perHour = (requests: number): Limit => ({ requests, perMs: hourMs });
const perMinute = (requests: number): Limit => ({ requests, perMs: minuteMs });
const perSecond = (requests: number): Limit => ({ requests, perMs: secondMs });

/** @see https://developers.line.biz/en/reference/messaging-api/#rate-limits */
const limits: Readonly<Record<string, Limit>> = {
  narrowcast: perHour(60),
  broadcast: perHour(60),
  testWebhookEndpoint: perHour(60),
  setWebhookEndpoint: perMinute(1000),
  getWebhookEndpoint: perMinute(1000),
  createRichMenu: perHour(100),
  deleteRichMenu: perHour(100),
  deleteRichMenuAlias: perHour(100),
  getRichMenuBatchProgress: perHour(100),
  richMenuBatch: perHour(3),
  getRichMenuList: perSecond(10),
  multicast: perSecond(200),
  getMembershipSubscription: perSecond(200),
  getMembershipList: perSecond(200),
  listCoupon: perSecond(200),
  createCoupon: perSecond(200),
  getCouponDetail: perSecond(200),
  closeCoupon: perSecond(200),
  showLoadingAnimation: perSecond(100),
  issueChannelToken: perSecond(370),
};

const otherwise = perSecond(2000);

/**
 * Takes one token from the bucket of this channel and operation; the bucket holds a whole period's requests and
 * refills evenly.
 * @throws {LineError} 429 when it is empty.
 */
export function takeRate({ clock, memory }: World, channelId: string, { id }: Operation): void {
  const { requests, perMs } = limits[id] ?? otherwise;
  const key = `${channelId}/${id}`;
  const nowMs = clock.now();
  const bucket = memory.buckets.get(key) ?? { level: requests, atMs: nowMs };
  const level = Math.min(requests, bucket.level + ((nowMs - bucket.atMs) * requests) / perMs);
  memory.buckets.set(key, { level: level < 1 ? level : level - 1, atMs: nowMs });
  if (level < 1) throw new LineError(429, "The API rate limit has been exceeded. Try again later.");
}
