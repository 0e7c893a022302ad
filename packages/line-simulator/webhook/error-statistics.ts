import type { Delivery } from "./post.ts";
import type { Channel } from "../state.ts";
import type { World } from "../world.ts";

/** Lines kept per channel, newest last. */
const keptLines = 1000;

/**
 * Counts a failed delivery by minute and reason, where the channel's "Error statistics aggregation" is on. Test
 * requests are not counted.
 * @see https://developers.line.biz/en/docs/messaging-api/check-webhook-error-statistics/
 */
export function recordError(world: World, channel: Channel, { reason, detail: detailOfUrl }: Delivery): void {
  const { errorStatistics, errors } = channel.webhook;
  if (!errorStatistics) return;
  const detail = detailOfUrl.replace(/: https:.*$/, "");
  const minuteMs = Math.floor(world.clock.now() / 60_000) * 60_000;
  const same = errors.find((line) => line.minuteMs === minuteMs && line.reason === reason && line.detail === detail);
  if (same !== undefined) same.count += 1;
  else errors.push({ minuteMs, reason, detail, count: 1 });
  if (errors.length > keptLines) errors.splice(0, errors.length - keptLines);
  world.changed();
}

const timeInJapan = (ms: number) => new Date(ms + 9 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

/** The console's download: tab-separated, times in UTC+9. */
export function toErrorStatistics({ webhook }: Channel): string {
  const lines = webhook.errors.map(({ minuteMs, reason, detail, count }) =>
    [timeInJapan(minuteMs), reason.toLowerCase(), detail, count].join("\t"),
  );
  return ["time\treason\tdetail\tcount", ...lines, ""].join("\n");
}
