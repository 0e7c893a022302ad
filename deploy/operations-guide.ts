import { alarmRules } from "../infra/alarm-rules.ts";
import {
  eventLine,
  eventOutcomes,
  type Outcome,
  platformOutcomes,
  receiverLines,
  webhookLine,
  webhookOutcomes,
  workerLines,
} from "@pulumi-line-bot/kit/outcomes";
import { toTable } from "@pulumi-line-bot/kit/markdown-table";

/** The text of `docs/operations.md` with its tables as they have to be, but for the width of their columns. */
export function withTables(guide: string): string {
  return Object.entries(tables).reduce(
    (text, [name, toText]) =>
      text.replace(
        new RegExp(`(<!-- ${name} -->\n).*(<!-- /${name} -->)`, "s"),
        (_, start: string, end: string) => `${start}\n${toText()}\n\n${end}`,
      ),
    guide,
  );
}

const tables: Readonly<Record<string, () => string>> = {
  alarms: () =>
    toTable(
      ["alarm", "goes off when", "what to do"],
      Object.entries(alarmRules).map(([name, { says, todo }]) => [`\`bot-${name}\``, says, todo]),
    ),
  outcomes: () =>
    toTable(
      ["who", "log line, or what AWS does", "level", "alarm"],
      [
        ...toRows("receiver", webhookOutcomes, (outcome) => `\`${webhookLine}\`, outcome \`${outcome}\``),
        ...toRows("receiver", receiverLines, (line) => `\`${line}\``),
        ...toRows("worker", eventOutcomes, (outcome) => `\`${eventLine}\`, outcome \`${outcome}\``),
        ...toRows("worker", workerLines, (line) => `\`${line}\``),
        ...toRows("AWS", platformOutcomes, (what) => what),
      ],
    ),
};

function toRows(
  who: string,
  outcomes: Readonly<Record<string, Outcome>>,
  toText: (words: string) => string,
): string[][] {
  return Object.entries(outcomes).map(([words, outcome]) => [
    who,
    toText(words),
    outcome.level,
    "alarm" in outcome ? `\`bot-${outcome.alarm}\`` : `none: ${outcome.quiet}`,
  ]);
}
