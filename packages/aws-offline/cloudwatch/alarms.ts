import type { Stored, HasStore } from "../store/store.ts";
import type { HasQueues } from "../sqs/queues.ts";
import type { HasTrace } from "../trace.ts";
import type { HasMetrics } from "./metrics.ts";
import type { HasAccountId } from "../account-id.ts";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { notifyTopic } from "../sns/topics.ts";
import { EXTRA_PERIODS, judge, type AlarmState, type Datapoint } from "./alarm-evaluation.ts";
import { alarmsOf, alarmStatesOf, statusOf, toAlarmSettings, type AlarmSettings } from "./alarm-model.ts";
import { toAlarmMessage } from "./alarm-message.ts";
import { periodsOf, runQueries } from "./metric-queries.ts";

type Holder = HasStore & HasAccountId & HasMetrics & HasTrace & HasQueues;

/** Looks at all alarms from time to time, never where the time is 0; gives what ends that. */
export function watchAlarms(cloud: Holder, everyMs: number): () => void {
  if (everyMs === 0) return () => undefined;
  const look = (): void => {
    try {
      evaluateAlarms(cloud, Date.now());
    } catch (error) {
      // An alarm whose new state could not be kept is in the former one, and the next look finds it there.
      console.error(`Alarms could not be evaluated: ${messageOf(error)}`);
    }
  };
  const timer = setInterval(look, everyMs).unref();
  return () => clearInterval(timer);
}

/** Asks the gauges, and puts each alarm in the state that the periods before this time put it in. */
export function evaluateAlarms(cloud: Holder, nowMs: number): void {
  cloud.metrics.collect(nowMs);
  for (const alarm of alarmsOf(cloud).values()) {
    const settings = toAlarmSettings(alarm.attributes);
    const datapoints = readDatapoints(cloud, settings, nowMs);
    if (isUnknown(cloud, settings, datapoints, nowMs)) continue;
    const verdict = judge(settings, datapoints);
    if (verdict) enterState(cloud, alarm, verdict.state, verdict.reason, nowMs);
  }
}

/** Runs the actions of a state that the alarm was not in. */
export function enterState(cloud: Holder, alarm: Stored, state: AlarmState, reason: string, nowMs: number): void {
  const former = statusOf(cloud, alarm.id);
  if (former.state === state) return;
  const status = { state, reason, sinceMs: nowMs };
  alarmStatesOf(cloud).put(alarm.id, status);
  const { attributes } = alarm;
  const settings = toAlarmSettings(attributes);
  const { subject, message } = toAlarmMessage(alarm, settings, former, status, cloud.accountId);
  const topics = attributes["actionsEnabled"] === false ? [] : settings.actions[state];
  const actions = topics.map((arn) => ({
    arn,
    outcome: notifyTopic(cloud, {
      topicArn: arn,
      subject,
      message,
      service: "cloudwatch.amazonaws.com",
      sourceArn: attributes["arn"] as string,
    }),
  }));
  cloud.trace({ kind: "alarm", name: alarm.id, from: former.state, to: state, reason, actions });
}

/** The datapoints of periods that are over, as CloudWatch looks at them. */
function readDatapoints(cloud: Holder, settings: AlarmSettings, nowMs: number): Datapoint[] {
  const periodMs = settings.period * 1000;
  const endMs = nowMs - (nowMs % periodMs);
  const range = { startMs: endMs - (settings.evaluationPeriods + EXTRA_PERIODS) * periodMs, endMs, periodMs };
  const values = runQueries(cloud.metrics, settings.queries, range).get(settings.returning[0] ?? "");
  return periodsOf(range).map((atMs) => ({ atMs, value: values?.get(atMs) }));
}

/** What happened while nothing ran here is not missing: an alarm keeps its state until its periods are whole again. */
function isUnknown(
  { metrics }: Holder,
  { evaluationPeriods }: AlarmSettings,
  datapoints: readonly Datapoint[],
  nowMs: number,
): boolean {
  const real = datapoints.filter(({ value }) => value !== undefined).length;
  const firstMs = datapoints.at(-evaluationPeriods)?.atMs ?? nowMs;
  return real < evaluationPeriods && firstMs < metrics.sinceMs && metrics.sinceMs <= nowMs;
}
