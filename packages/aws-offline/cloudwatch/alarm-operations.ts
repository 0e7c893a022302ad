import * as v from "valibot";
import type { JsonService } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";
import { describeAlarm } from "./alarm-description.ts";
import { alarmsOf, statusOf } from "./alarm-model.ts";
import { enterState } from "./alarms.ts";
import { Token, toNext } from "./wire.ts";

const Describe = v.strictObject({
  AlarmNames: v.optional(v.array(v.string())),
  AlarmNamePrefix: v.optional(v.string(), ""),
  AlarmTypes: v.optional(v.array(v.picklist(["MetricAlarm", "CompositeAlarm"])), ["MetricAlarm"]),
  StateValue: v.optional(v.string()),
  ActionPrefix: v.optional(v.string(), ""),
  MaxRecords: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 50),
  NextToken: Token,
});

const State = v.strictObject({
  AlarmName: v.string(),
  StateValue: v.picklist(["OK", "ALARM", "INSUFFICIENT_DATA"]),
  StateReason: v.string(),
  StateReasonData: v.optional(v.string()),
});

/** Alarms as they are, and as one wants to see them for a moment. */
export const alarmOperations: JsonService["operations"] = {
  DescribeAlarms(input, cloud) {
    const asked = v.parse(Describe, input);
    const found = alarmsOf(cloud)
      .values()
      .filter(
        ({ id, attributes }) =>
          asked.AlarmTypes.includes("MetricAlarm") &&
          (asked.AlarmNames?.includes(id) ?? id.startsWith(asked.AlarmNamePrefix)) &&
          (asked.StateValue === undefined || statusOf(cloud, id).state === asked.StateValue) &&
          (asked.ActionPrefix === "" ||
            ((attributes["alarmActions"] ?? []) as string[]).some((arn) => arn.startsWith(asked.ActionPrefix))),
      );
    const end = asked.NextToken + asked.MaxRecords;
    return {
      MetricAlarms: found.slice(asked.NextToken, end).map((alarm) => describeAlarm(alarm, statusOf(cloud, alarm.id))),
      CompositeAlarms: [],
      ...toNext(end, found.length),
    };
  },
  SetAlarmState(input, cloud) {
    const { AlarmName, StateValue, StateReason } = v.parse(State, input);
    const alarm = alarmsOf(cloud).get(AlarmName);
    if (!alarm) throw new ServiceError("ResourceNotFound", `Unknown alarm: ${AlarmName}`, 404);
    enterState(cloud, alarm, StateValue, StateReason, Date.now());
    return {};
  },
};
