import { describe, expect, test } from "vitest";
import { linesThatRaise } from "@pulumi-line-bot/kit/alarm-lines";
import { alarmRules, toPattern } from "../../infra/alarm-rules.ts";
import {
  type AlarmName,
  type Outcome,
  eventOutcomes,
  receiverLines,
  webhookOutcomes,
  workerLines,
} from "@pulumi-line-bot/kit/outcomes";
import { parseLogPattern, toLine } from "@pulumi-line-bot/aws-offline/cloudwatch/log-pattern";

const counted = Object.keys(alarmRules).filter((name): name is AlarmName => {
  const { watches } = alarmRules[name as AlarmName];
  return "linesOf" in watches && watches.linesOf === "functions";
});

/** Each line as a function writes it, and the alarm that it raises. */
const lines = {
  receiver: [...toLines(receiverLines), ...toLines(webhookOutcomes, "webhook")],
  worker: [...toLines(workerLines), ...toLines(eventOutcomes, "event")],
};

function toLines(outcomes: Readonly<Record<string, Outcome>>, message?: string) {
  return Object.entries(outcomes).map(([words, outcome]) => ({
    text: JSON.stringify({
      level: "ERROR",
      ...(message === undefined ? { message: words } : { message, outcome: words }),
    }),
    alarm: "alarm" in outcome ? outcome.alarm : undefined,
  }));
}

describe.each(["receiver", "worker"] as const)("the filters of the %s's log", (from) => {
  test.each(lines[from])("count $text for $alarm only", ({ text, alarm }) => {
    const counting = counted.filter((name) => {
      const raising = linesThatRaise(name, from);
      return raising.length > 0 && parseLogPattern(toPattern(raising))(toLine(text));
    });

    expect(counting).toEqual(counted.filter((name) => name === alarm));
  });

  test("are as short as CloudWatch takes them", () => {
    const patterns = counted.map((name) => toPattern(linesThatRaise(name, from)));

    expect(patterns.filter((pattern) => pattern.length > 1024)).toEqual([]);
  });
});
