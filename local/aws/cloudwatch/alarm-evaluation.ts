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
  /** Undefined: missing. */
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

const OPERATORS: Record<string, { breaches: (value: number, threshold: number) => boolean; words: string }> = {
  GreaterThanThreshold: { breaches: (value, threshold) => value > threshold, words: "greater than" },
  GreaterThanOrEqualToThreshold: {
    breaches: (value, threshold) => value >= threshold,
    words: "greater than or equal to",
  },
  LessThanThreshold: { breaches: (value, threshold) => value < threshold, words: "less than" },
  LessThanOrEqualToThreshold: { breaches: (value, threshold) => value <= threshold, words: "less than or equal to" },
};

/** Those that compare with a band of values need anomaly detection. */
export const isOperator = (name: string): boolean => Object.hasOwn(OPERATORS, name);

/**
 * The state that datapoints, oldest first, put an alarm in; undefined where it stays as it is.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function judge(rule: AlarmRule, datapoints: readonly Datapoint[]): Verdict | undefined {
  const operator = OPERATORS[rule.comparisonOperator];
  if (!operator) throw new Error(`The comparison ${rule.comparisonOperator} is not known`);
  const { evaluationPeriods, datapointsToAlarm, threshold, treatMissingData } = rule;
  const real = datapoints
    .filter((point): point is Datapoint & { value: number } => point.value !== undefined)
    .slice(-evaluationPeriods);
  const breaching = real.filter(({ value }) => operator.breaches(value, threshold));
  const holding = real.filter((point) => !breaching.includes(point));
  const missing = evaluationPeriods - real.length;

  const state = ((): AlarmState | undefined => {
    if (breaching.length >= datapointsToAlarm) return "ALARM";
    if (missing === 0) return "OK";
    if (treatMissingData === "breaching") return breaching.length + missing >= datapointsToAlarm ? "ALARM" : "OK";
    if (treatMissingData === "notBreaching" || holding.length > 0) return "OK";
    if (treatMissingData === "ignore") return undefined;
    const [oldest] = breaching;
    if (!oldest) return "INSUFFICIENT_DATA";
    // Nothing but breaches for long enough, as far as anything is known.
    const age = datapoints.length - datapoints.findIndex(({ atMs }) => atMs === oldest.atMs);
    return age >= datapointsToAlarm ? "ALARM" : "OK";
  })();
  return state && { state, reason: tellReason() };

  function tellReason(): string {
    if (state === "INSUFFICIENT_DATA")
      return `Insufficient Data: ${count(evaluationPeriods, "datapoint")} ${were(evaluationPeriods)} unknown.`;
    const treated = { breaching: "Breaching", notBreaching: "NonBreaching" }[treatMissingData];
    const stoodIn =
      missing > 0 &&
      treated !== undefined &&
      `${count(missing, "missing datapoint")} ${were(missing)} treated as [${treated}]`;
    return `Threshold Crossed: ${[tellDatapoints(), stoodIn].filter(Boolean).join(" and ")}${tellTransition()}.`;
  }

  function tellDatapoints(): string {
    const told = state === "ALARM" || holding.length === 0 ? breaching : holding;
    if (told.length === 0) return `no datapoints were received for ${count(evaluationPeriods, "period")}`;
    const values = told.toReversed().map(({ value, atMs }) => `${toNumberText(value)} (${toTimeText(atMs)})`);
    return (
      `${told.length} out of the last ${evaluationPeriods} datapoints [${values.join(", ")}] ${were(told.length)} ` +
      `${told === breaching ? "" : "not "}${operator?.words} the threshold (${toNumberText(threshold)})`
    );
  }

  function tellTransition(): string {
    if (real.length === 0) return "";
    const [least, transition] =
      state === "ALARM"
        ? [datapointsToAlarm, "OK -> ALARM"]
        : [evaluationPeriods - datapointsToAlarm + 1, "ALARM -> OK"];
    return ` (minimum ${count(least, "datapoint")} for ${transition} transition)`;
  }
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
const were = (number: number): string => (number === 1 ? "was" : "were");

/** CloudWatch writes whole numbers with a decimal. */
const toNumberText = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** `23/11/26 08:30:00` */
function toTimeText(atMs: number): string {
  const [date = "", time = ""] = new Date(atMs).toISOString().split("T");
  const [year = "", month, day] = date.split("-");
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}
