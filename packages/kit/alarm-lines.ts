import {
  type AlarmName,
  eventLine,
  eventOutcomes,
  type Outcome,
  receiverLines,
  webhookLine,
  webhookOutcomes,
  workerLines,
} from "./outcomes.ts";

/** A line of a function's log, by its words. */
export interface Line {
  message: string;
  outcome?: string;
}

const linesOf = {
  receiver: [...toLines(receiverLines), ...toLines(webhookOutcomes, webhookLine)],
  worker: [...toLines(workerLines), ...toLines(eventOutcomes, eventLine)],
};

function toLines(outcomes: Readonly<Record<string, Outcome>>, message?: string): [Line, Outcome][] {
  return Object.entries(outcomes).map(([words, outcome]) => [
    message === undefined ? { message: words } : { message, outcome: words },
    outcome,
  ]);
}

/** The lines of a function's log that an alarm counts. */
export function linesThatRaise(name: AlarmName, from: "receiver" | "worker"): Line[] {
  return linesOf[from].flatMap(([line, outcome]) => ("alarm" in outcome && outcome.alarm === name ? [line] : []));
}
