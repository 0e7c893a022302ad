/** `npm run doctor -- <stack>`: follows the chain from the stack to the bot that answers, from outside. */
import { styleText } from "node:util";
import { printable, printableJson } from "@pulumi-line-bot/kit/printable";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { describeConsoleSteps, listConsoleSteps } from "../console-steps.ts";
import { type Diagnosis, examine, type Examination } from "../doctor/examine.ts";
import { withPlaces } from "../stack-place.ts";

const command = {
  usage: "npm run doctor -- <stack> [--drift] [--no-line-test] [--json] [--local] [--port <n>]",
  options: {
    drift: { type: "boolean" },
    "no-line-test": { type: "boolean" },
    json: { type: "boolean" },
    local: { type: "boolean" },
    port: { type: "string" },
  },
  words: 1,
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseCommandLine(command, process.argv.slice(2));
  const [stack = ""] = positionals;
  return withPlaces([stack], values, async ([place]) => {
    const world = { ...place, lineTest: values["no-line-test"] !== true, drift: values.drift === true, build: true };
    const examination = await examine(world, values.json === true ? () => {} : (each) => console.log(describe(each)));
    if (values.json === true) console.log(printableJson(toReport(stack, examination), 2));
    else tellSummary(examination);
    return isFine(examination) ? 0 : 1;
  });
}

const isFine = ({ diagnoses }: Examination) => diagnoses.every(({ status }) => status !== "failed");

const marks = {
  ok: styleText("green", "✔"),
  warning: styleText("yellow", "!"),
  failed: styleText("red", "✘"),
  skipped: styleText("dim", "-"),
};

function describe({ link, status, says, todo }: Diagnosis): string {
  const line = `${marks[status]} ${link.padEnd(20)} ${printable(says)}`;
  return todo === undefined ? line : `${line}\n    → ${printable(todo)}`;
}

function tellSummary(examination: Examination): void {
  const steps = consoleStepsOf(examination);
  if (steps.length > 0) console.log(`\n${describeConsoleSteps(steps)}`);
  const broken = examination.diagnoses.filter(({ status }) => status === "failed").map(({ link }) => link);
  console.log(broken.length === 0 ? "\nEvery link is fine." : `\nTo fix: ${broken.join(", ")}.`);
}

function consoleStepsOf({ facts: { deployed, credentials, line, webhook } }: Examination) {
  if (deployed === undefined || credentials === undefined || line === undefined) return [];
  return listConsoleSteps({
    apiUrl: deployed.settings.apiUrl,
    channelId: credentials.channelId,
    botBasicId: line.bot.basicId,
    active: webhook?.active ?? false,
  });
}

const toReport = (stack: string, examination: Examination) => ({
  stack,
  ok: isFine(examination),
  links: examination.diagnoses,
  console: consoleStepsOf(examination),
});

await runCommand(main);
