import { parseCommandLine } from "../../deploy/command-line.ts";
import { UserError } from "../../line/user-error.ts";
import { runChaos } from "../e2e/chaos/chaos.ts";

const command = {
  usage: "npm run bench -- chaos [--events <10000>] [--users <500>] [--seed <1>] [--json]",
  options: {
    events: { type: "string", default: "10000" },
    users: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean" },
  },
  words: 0,
} as const;

/** The whole backend under load and faults: what became of every event. Not 0 when one was lost or done twice. */
export async function benchChaos(args: string[]): Promise<number> {
  const { values } = parseCommandLine(command, args);
  const report = await runChaos({
    events: parseCount("events", values.events),
    users: parseCount("users", values.users),
    seed: parseCount("seed", values.seed),
    requestsAtOnce: 16,
    invocationsPerKill: 500,
  });
  const { lost, doubled, outOfOrder, ...counts } = report;
  const broken = { lost, doubled, outOfOrder };
  if (values.json === true) console.log(JSON.stringify(report, null, 2));
  else {
    for (const [name, count] of Object.entries(counts)) console.log(`${name.padEnd(14)} ${count}`);
    for (const [name, events] of Object.entries(broken)) {
      console.log([`${name.padEnd(14)} ${events.length}`, ...events.slice(0, 10)].join("\n    "));
    }
  }
  return Object.values(broken).every((events) => events.length === 0) ? 0 : 1;
}

function parseCount(name: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UserError(`--${name} takes a number from 1, not ${JSON.stringify(text)}`);
}
