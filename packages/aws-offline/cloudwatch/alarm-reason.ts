import type { AlarmRule, AlarmState, Evidence } from "./alarm-evaluation.ts";

const WORDS: Record<string, string> = {
  GreaterThanThreshold: "greater than",
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
};

const TREATED: Record<string, string> = { breaching: "Breaching", notBreaching: "NonBreaching" };

/** Why an alarm is in a state, as CloudWatch says it. */
export function tellReason(rule: AlarmRule, evidence: Evidence, state: AlarmState): string {
  const { evaluationPeriods } = rule;
  if (state === "INSUFFICIENT_DATA")
    return `Insufficient Data: ${count(evaluationPeriods, "datapoint")} ${were(evaluationPeriods)} unknown.`;
  const parts = [tellDatapoints(rule, evidence, state), tellMissing(rule, evidence)].filter(Boolean);
  return `Threshold Crossed: ${parts.join(" and ")}${tellTransition(rule, evidence, state)}.`;
}

function tellDatapoints(rule: AlarmRule, { breaching, holding }: Evidence, state: AlarmState): string {
  const told = state === "ALARM" || holding.length === 0 ? breaching : holding;
  if (told.length === 0) return `no datapoints were received for ${count(rule.evaluationPeriods, "period")}`;
  const values = told.toReversed().map(({ value, atMs }) => `${toNumberText(value)} (${toTimeText(atMs)})`);
  return (
    `${told.length} out of the last ${rule.evaluationPeriods} datapoints [${values.join(", ")}] ${were(told.length)} ` +
    `${told === breaching ? "" : "not "}${WORDS[rule.comparisonOperator]} the threshold (${toNumberText(rule.threshold)})`
  );
}

function tellMissing({ treatMissingData }: AlarmRule, { missing }: Evidence): string {
  const treated = TREATED[treatMissingData];
  if (missing === 0 || treated === undefined) return "";
  return `${count(missing, "missing datapoint")} ${were(missing)} treated as [${treated}]`;
}

function tellTransition(
  { datapointsToAlarm, evaluationPeriods }: AlarmRule,
  { breaching, holding }: Evidence,
  state: AlarmState,
): string {
  if (breaching.length + holding.length === 0) return "";
  const [least, transition] =
    state === "ALARM" ? [datapointsToAlarm, "OK -> ALARM"] : [evaluationPeriods - datapointsToAlarm + 1, "ALARM -> OK"];
  return ` (minimum ${count(least, "datapoint")} for ${transition} transition)`;
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
