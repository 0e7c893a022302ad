import { parseCommandLine } from "../../deploy/command-line.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { runChaos, type ChaosProgress } from "../e2e/chaos/chaos.ts";

const command = {
  usage:
    "npm run bench -- chaos [--events <10000>] [--users <500>] [--seed <1>] [--waiting <200> | --at-once] " +
    "[--concurrency <of the stack>] [--json]",
  options: {
    events: { type: "string", default: "10000" },
    users: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    waiting: { type: "string", default: "200" },
    "at-once": { type: "boolean" },
    concurrency: { type: "string" },
    json: { type: "boolean" },
  },
  words: 0,
} as const;

/**
 * The share of a hundred messages that a reply was to answer. A killed worker's event comes again when its reply token has
 * ended, and with it what its chat has written meanwhile.
 */
const mostUnansweredPercent = 2;

/**
 * The whole backend under load and faults: what became of every event. Not 0 when one was lost or done twice, or when
 * too many users got no answer. With `--at-once`, more is written than the machine answers within the reply tokens'
 * minute, and the limit does not hold: it measures how many that are.
 */
export async function benchChaos(args: string[]): Promise<number> {
  const { values } = parseCommandLine(command, args);
  const atOnce = values["at-once"] === true;
  const report = await runChaos({
    events: parseCount("events", values.events),
    users: parseCount("users", values.users),
    seed: parseCount("seed", values.seed),
    requestsAtOnce: 16,
    invocationsPerKill: 500,
    waiting: atOnce ? undefined : parseCount("waiting", values.waiting),
    concurrency: values.concurrency === undefined ? undefined : parseCount("concurrency", values.concurrency),
    onProgress: (progress) => console.error(describe(progress)),
  });
  const { lost, doubled, outOfOrder, ...counts } = report;
  const broken = { lost, doubled, outOfOrder };
  if (values.json === true) console.log(JSON.stringify(report, null, 2));
  else {
    for (const [name, count] of Object.entries(counts)) {
      const limit = name === "unansweredPercent" && !atOnce ? `  (at most ${mostUnansweredPercent})` : "";
      console.log(`${name.padEnd(18)} ${Number.isInteger(count) ? count : count.toFixed(1)}${limit}`);
    }
    for (const [name, events] of Object.entries(broken)) {
      console.log([`${name.padEnd(18)} ${events.length}`, ...events.slice(0, 10)].join("\n    "));
    }
  }
  const isWhole = Object.values(broken).every((events) => events.length === 0);
  return isWhole && (atOnce || report.unansweredPercent <= mostUnansweredPercent) ? 0 : 1;
}

function describe({ phase, sent, answered, killed, seconds }: ChaosProgress): string {
  return `${seconds.toFixed(0).padStart(4)} s  ${phase}: ${sent} sent, ${answered} answers, ${killed} workers killed`;
}

function parseCount(name: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UserError(`--${name} takes a number from 1, not ${JSON.stringify(text)}`);
}
