import { type Control, forEach, forProtectedStack, forStack, unless, violation } from "../control.ts";
import { allOfType } from "../resources.ts";

const yearInDays = 365;

export const cloudwatchControls: Control[] = [
  forEach(
    {
      id: "cloudwatch-retention",
      area: "CloudWatch",
      title: "Logs are kept for a time that is said",
      scanners: ["CKV_AWS_66", "Serverless-CloudWatchLogGroupRetentionPeriod"],
    },
    "aws:cloudwatch/logGroup:LogGroup",
    // 0 is for ever.
    ({ retentionInDays = 0 }) => unless(retentionInDays > 0, "set `retentionInDays`"),
  ),
  forProtectedStack(
    {
      id: "cloudwatch-retention-of-a-year",
      area: "CloudWatch",
      title: "Logs are kept for a year",
      scanners: ["CKV_AWS_338"],
    },
    (stack) =>
      allOfType(stack, "aws:cloudwatch/logGroup:LogGroup")
        .filter(({ props: { retentionInDays = 0 } }) => retentionInDays > 0 && retentionInDays < yearInDays)
        .map((group) => violation(group, `set line-bot:logRetentionDays to ${yearInDays} or more`)),
  ),
  forStack(
    {
      id: "cloudwatch-own-log-group",
      area: "CloudWatch",
      title: "Every function writes to a log group of its own, made before it",
      scanners: ["CKV_AWS_66", "Serverless-CloudWatchLogGroupRetentionPeriod"],
    },
    (stack) => {
      const groups = new Set(allOfType(stack, "aws:cloudwatch/logGroup:LogGroup").map(({ props: { name } }) => name));
      const lambdas = allOfType(stack, "aws:lambda/function:Function");
      const taken = (name: string) => lambdas.filter(({ props }) => props.loggingConfig?.logGroup === name).length > 1;
      return lambdas
        .filter(
          ({ props: { loggingConfig: { logGroup } = {} } }) =>
            logGroup === undefined || !groups.has(logGroup) || taken(logGroup),
        )
        .map((lambda) =>
          violation(lambda, "set `loggingConfig.logGroup` to a LogGroup of the stack that no other function writes to"),
        );
    },
  ),
  forEach(
    {
      id: "cloudwatch-alarm-actions",
      area: "CloudWatch",
      title: "Every alarm tells somebody",
      scanners: ["CKV_AWS_319", "cdk-nag CloudWatchAlarmAction"],
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    ({ alarmActions, actionsEnabled }) =>
      unless(
        Boolean(alarmActions?.length) && actionsEnabled !== false,
        "set `alarmActions` to the topic of the alarms",
      ),
  ),
];
