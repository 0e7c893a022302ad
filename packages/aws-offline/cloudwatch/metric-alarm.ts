import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { isOperator } from "./alarm-evaluation.ts";
import { alarmStatesOf, NEW_ALARM, toAlarmSettings } from "./alarm-model.ts";
import { MINUTE_MS, WINDOW_MS } from "./metrics.ts";
import { refuseWrongQueries } from "./metric-queries.ts";

export const metricAlarm = storedType({
  token: "aws:cloudwatch/metricAlarm:MetricAlarm",
  collection: "cloudwatch/alarms",
  overwrites: true,
  validate,
  // The provider ignores the case of letters here, and the service has it its own way.
  same: (property, old, wanted) =>
    ["treatMissingData", "evaluateLowSampleCountPercentiles"].includes(property) &&
    String(old).toLowerCase() === String(wanted).toLowerCase(),
  make(inputs, cloud) {
    refuseWrong(inputs);
    const name = inputs["name"] as string;
    const arn = toArn("cloudwatch", inputs["region"] as string, cloud.accountId, `alarm:${name}`);
    return { id: name, attributes: { evaluateLowSampleCountPercentiles: "", ...inputs, arn } };
  },
  remake({ news }) {
    refuseWrong(news);
    return {};
  },
  settled({ name }, cloud) {
    const states = alarmStatesOf(cloud);
    // What has the name of an alarm that is there takes on its state.
    if (!states.get(name as string)) states.put(name as string, { ...NEW_ALARM, sinceMs: Date.now() });
  },
  removing: ({ name }, cloud) => void alarmStatesOf(cloud).delete(name as string),
});

/** Rules over several properties, as the provider tells them when it makes a diff. */
function validate(inputs: Attributes): void {
  const isSet = (name: string) => inputs[name] !== undefined && inputs[name] !== "";
  if (isSet("evaluationCriteria")) return;
  for (const name of ["comparisonOperator", "evaluationPeriods"])
    if (!isSet(name)) throw new Error(`"${name}" is required for an alarm with metricName or metricQueries`);
  if (isSet("metricName") && isSet("statistic") === isSet("extendedStatistic"))
    throw new Error(`One of "statistic" and "extendedStatistic" must be set for a metric alarm, and only one`);
}

const UNSUPPORTED = ["evaluationCriteria", "thresholdMetricId", "warmUpConfiguration"];

function refuseWrong(inputs: Attributes): void {
  const wrong = (message: string) => new ServiceError("ValidationError", message);
  for (const name of UNSUPPORTED)
    if (inputs[name] !== undefined) throw wrong(`The offline AWS evaluates alarms without ${name} only`);
  if (String(inputs["evaluateLowSampleCountPercentiles"]).toLowerCase() === "ignore")
    throw wrong("The offline AWS evaluates percentiles of few samples, too: it cannot ignore them");
  const settings = toAlarmSettings(inputs);
  if (!isOperator(settings.comparisonOperator))
    throw wrong(`The offline AWS has no anomaly detection: it cannot compare by ${settings.comparisonOperator}`);
  if (settings.datapointsToAlarm > settings.evaluationPeriods)
    throw wrong("DatapointsToAlarm must be less than or equal to EvaluationPeriods");
  const spanMs = settings.period * settings.evaluationPeriods * 1000;
  if (spanMs > WINDOW_MS)
    throw wrong(`The offline AWS keeps metrics for ${WINDOW_MS / MINUTE_MS} minutes, and the alarm looks back further`);
  for (const arn of [...settings.actions.ALARM, ...settings.actions.OK, ...settings.actions.INSUFFICIENT_DATA])
    if (!/^arn:[\w-]+:sns:/.test(arn))
      throw wrong(`The offline AWS runs alarm actions on SNS topics only, not on ${arn}`);
  refuseWrongQueries(settings.queries);
  const returning = settings.returning;
  if (returning.length !== 1) throw wrong(`Exactly one query has to return data, and ${returning.length} do`);
}
