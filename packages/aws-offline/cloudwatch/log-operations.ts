import * as v from "valibot";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { JsonService } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";
import { comparePositions, tryReadMessage, type Position, type StoredLogEvent } from "./log-groups.ts";
import { parseLogPattern, toLine } from "./log-pattern.ts";

const Filter = v.strictObject({
  logGroupName: v.string(),
  startTime: v.optional(v.number(), 0),
  endTime: v.optional(v.number(), Number.MAX_SAFE_INTEGER),
  logStreamNamePrefix: v.optional(v.string(), ""),
  logStreamNames: v.optional(v.array(v.string())),
  filterPattern: v.optional(v.pipe(v.string(), v.maxLength(1024)), ""),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), 10_000),
  /** Where the next page begins: the id of its first event. */
  nextToken: v.optional(v.pipe(v.string(), v.regex(/^\d{33}$/), v.transform(fromEventId))),
  interleaved: v.optional(v.boolean()),
});
const Group = v.object({ logGroupName: v.string() });

/** 33 digits, which sort like the events. */
function toEventId([timestamp, ...place]: Position): string {
  return [String(timestamp).padStart(13, "0"), ...place.map((number) => String(number).padStart(10, "0"))].join("");
}

function fromEventId(id: string): Position {
  return [Number(id.slice(0, 13)), Number(id.slice(13, 23)), Number(id.slice(23))];
}

/** A page ends before this many bytes. */
const PAGE_BYTES = 1024 * 1024;

/** CloudWatch Logs, as far as one needs to read what was logged. */
export const logs: JsonService = {
  prefix: "logs",
  resourceOf: (input, region, { accountId }) =>
    toArn("logs", region, accountId, `log-group:${v.parse(Group, input).logGroupName}:*`),
  operations: {
    FilterLogEvents(input, cloud) {
      const { logGroupName, filterPattern, nextToken, limit, ...asked } = v.parse(Filter, input);
      const matches = parseLogPattern(filterPattern);
      const events = cloud.logGroups.tryRead(
        logGroupName,
        { startMs: Math.max(asked.startTime, nextToken?.[0] ?? 0), endMs: asked.endTime },
        (stream) => stream.startsWith(asked.logStreamNamePrefix) && (asked.logStreamNames?.includes(stream) ?? true),
      );
      if (!events) throw new ServiceError("ResourceNotFoundException", "The specified log group does not exist.");
      return toPage(
        nextToken ? events.filter(({ position }) => comparePositions(position, nextToken) >= 0) : events,
        limit,
        (message) => filterPattern === "" || matches(toLine(message)),
      );
    },
  },
};

function toPage(events: readonly StoredLogEvent[], limit: number, isWanted: (message: string) => boolean): object {
  const page: object[] = [];
  let bytes = 0;
  for (const event of events) {
    const { logStreamName, timestamp } = event;
    const message = tryReadMessage(event);
    if (message === undefined || !isWanted(message)) continue;
    const eventId = toEventId(event.position);
    bytes += Buffer.byteLength(message);
    // One event at least, however long it is.
    if (page.length === limit || (bytes > PAGE_BYTES && page.length > 0))
      return { events: page, searchedLogStreams: [], nextToken: eventId };
    page.push({ logStreamName, timestamp, message, eventId, ingestionTime: timestamp });
  }
  return { events: page, searchedLogStreams: [] };
}
