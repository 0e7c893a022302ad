import * as v from "valibot";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { JsonService } from "../endpoint/json-protocol.ts";
import { alarmOperations } from "./alarm-operations.ts";
import { metricOperations } from "./metric-operations.ts";
import { metricReadings } from "./metric-readings.ts";

const Named = v.object({ AlarmName: v.string() });

/** CloudWatch, as far as one needs to measure, to ask what was measured, and to see alarms. */
export const cloudWatch: JsonService = {
  prefix: "cloudwatch",
  signingName: "monitoring",
  version: "1.0",
  operations: { ...metricOperations, ...metricReadings, ...alarmOperations },
  // Metrics are nobody's: policies can only name all of them.
  resourceOf(input, region, { accountId }, operation) {
    if (operation === "DescribeAlarms") return toArn("cloudwatch", region, accountId, "alarm:*");
    return operation === "SetAlarmState"
      ? toArn("cloudwatch", region, accountId, `alarm:${v.parse(Named, input).AlarmName}`)
      : "*";
  },
};
