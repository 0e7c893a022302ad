import * as v from "valibot";
import { toArn } from "../arn.ts";
import type { JsonService } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";

const Filter = v.strictObject({
  logGroupName: v.string(),
  startTime: v.optional(v.number(), 0),
  endTime: v.optional(v.number(), Number.MAX_SAFE_INTEGER),
  logStreamNamePrefix: v.optional(v.string(), ""),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), 10_000),
  /** Where the page before ended: how many events to pass over. */
  nextToken: v.optional(v.pipe(v.string(), v.digits(), v.transform(Number)), "0"),
  interleaved: v.optional(v.boolean()),
});
const Group = v.object({ logGroupName: v.string() });

/** CloudWatch Logs, as far as one needs to read what was logged. */
export const logs: JsonService = {
  prefix: "logs",
  resourceOf: (input, region, { accountId }) =>
    toArn("logs", region, accountId, `log-group:${v.parse(Group, input).logGroupName}:*`),
  operations: {
    FilterLogEvents(input, cloud) {
      const filter = v.parse(Filter, input);
      const events = cloud.logGroups.tryRead(filter.logGroupName);
      if (!events) throw new ServiceError("ResourceNotFoundException", "The specified log group does not exist.");
      const found = events.filter(
        ({ timestamp, logStreamName }) =>
          timestamp >= filter.startTime &&
          timestamp < filter.endTime &&
          logStreamName.startsWith(filter.logStreamNamePrefix),
      );
      const end = filter.nextToken + filter.limit;
      return {
        events: found.slice(filter.nextToken, end).map((event, index) => ({
          ...event,
          eventId: String(filter.nextToken + index),
          ingestionTime: event.timestamp,
        })),
        searchedLogStreams: [],
        ...(end < found.length && { nextToken: String(end) }),
      };
    },
  },
};
