import { tellReason } from "./alarm-reason.ts";

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export interface AlarmRule {
  comparisonOperator: string;
  threshold: number;
  /** How many of the newest datapoints are looked at. */
  evaluationPeriods: number;
  /** How many of them have to be beyond the threshold. */
  datapointsToAlarm: number;
  treatMissingData: string;
}

export interface Datapoint {
  /** Start of its period. */
  atMs: number;
  /** `undefined` if it is missing. */
  value: number | undefined;
}

export interface Verdict {
  state: AlarmState;
  reason: string;
}

/**
 * More periods are looked at than the alarm asks for, so that data which arrives late is not missed: where some are
 * missing, older ones stand in for them.
 */
export const EXTRA_PERIODS = 2;

const COMPARISONS: Record<string, (value: number, threshold: number) => boolean> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/** Those that compare with a band of values need anomaly detection. */
export const isOperator = (name: string): boolean => Object.hasOwn(COMPARISONS, name);

type Present = Datapoint & { value: number };

/** The newest datapoints, sorted by what they say. */
export interface Evidence {
  breaching: Present[];
  holding: Present[];
  /** How many there are too few. */
  missing: number;
}

/** The state that datapoints, oldest first, put an alarm in; undefined where it stays as it is. */
export function judge(rule: AlarmRule, datapoints: readonly Datapoint[]): Verdict | undefined {
  const breaches = COMPARISONS[rule.comparisonOperator];
  if (!breaches) throw new Error(`The comparison ${rule.comparisonOperator} is not known`);
  const newest = datapoints
    .filter((point): point is Present => point.value !== undefined)
    .slice(-rule.evaluationPeriods);
  const breaching = newest.filter(({ value }) => breaches(value, rule.threshold));
  const holding = newest.filter(({ value }) => !breaches(value, rule.threshold));
  const evidence = { breaching, holding, missing: rule.evaluationPeriods - newest.length };
  const state = toState(rule, evidence, datapoints);
  return state && { state, reason: tellReason(rule, evidence, state) };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html */
function toState(
  { datapointsToAlarm, treatMissingData }: AlarmRule,
  { breaching, holding, missing }: Evidence,
  datapoints: readonly Datapoint[],
): AlarmState | undefined {
  if (breaching.length >= datapointsToAlarm) return "ALARM";
  if (missing === 0) return "OK";
  if (treatMissingData === "breaching") return breaching.length + missing >= datapointsToAlarm ? "ALARM" : "OK";
  if (treatMissingData === "notBreaching" || holding.length > 0) return "OK";
  if (treatMissingData === "ignore") return undefined;
  const [oldest] = breaching;
  if (!oldest) return "INSUFFICIENT_DATA";
  // Nothing but breaches for long enough, as far as anything is known.
  const age = datapoints.length - datapoints.indexOf(oldest);
  return age >= datapointsToAlarm ? "ALARM" : "OK";
}
