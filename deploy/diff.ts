/** `npm run diff -- --base origin/main`: what a change does to each stack, for whoever reviews it. */
import { writeFile } from "node:fs/promises";
import { UserError } from "../line/user-error.ts";
import { parseCommandLine, runCommand } from "./command-line.ts";
import { compareCommits } from "./diff/compare-commits.ts";
import { renderHtml } from "./diff/html/page.ts";
import { compareLive } from "./diff/live.ts";
import { renderMarkdown } from "./diff/markdown/report.ts";
import { type Label, labels, type Report } from "./diff/model.ts";
import { root } from "./local-stack.ts";

const command = {
  usage:
    "npm run diff -- --base origin/main [--head <commit>] [--live [--local]] [--stack <stack>] [--format markdown|json|html] [--out <file>] [--fail-on delete,replace,iam] [--full-report-url <url>]",
  options: {
    base: { type: "string" },
    head: { type: "string" },
    live: { type: "boolean" },
    local: { type: "boolean" },
    stack: { type: "string", multiple: true },
    format: { type: "string", default: "markdown" },
    out: { type: "string" },
    "fail-on": { type: "string" },
    "full-report-url": { type: "string" },
  },
  words: 0,
} as const;

type Render = (report: Report, options: { fullReportUrl: string | undefined }) => string;

const formats: Record<string, Render> = {
  markdown: renderMarkdown,
  html: renderHtml,
  json: (report) => `${JSON.stringify(report, undefined, 2)}\n`,
};

/** What `--fail-on` named is in the report. */
const foundExitCode = 3;
/** A stack cannot be deployed. */
const brokenExitCode = 2;

async function main(): Promise<number> {
  const { values } = parseCommandLine(command, process.argv.slice(2));
  const render = formats[values.format];
  if (render === undefined)
    throw new UserError(`--format is ${Object.keys(formats).join(", ")}, not ${JSON.stringify(values.format)}`);
  const stopOn = parseLabels(values["fail-on"]);
  const fullReportUrl = parseUrl(values["full-report-url"]);
  const report = await compare(values);
  const text = render(report, { fullReportUrl });
  if (values.out === undefined) process.stdout.write(text);
  else await writeFile(values.out, text);
  const found = stopOn.filter((label) => report.labels.includes(label));
  if (found.length > 0) console.error(`Stopped by --fail-on: the change is of the kind ${found.join(", ")}.`);
  if (report.labels.includes("broken")) return brokenExitCode;
  return found.length > 0 ? foundExitCode : 0;
}

type Values = ReturnType<typeof parseCommandLine<(typeof command)["options"]>>["values"];

async function compare({ live, local, base = "origin/main", head, stack: stacks = [] }: Values): Promise<Report> {
  if (live !== true) {
    if (local === true) throw new UserError("--local belongs to --live: without it, nothing is reached in any case.");
    return compareCommits({ repository: root, base, head, stacks, tell: (message) => console.error(message) });
  }
  if (head !== undefined)
    throw new UserError("--live compares the working tree, so --head cannot name another commit.");
  if (stacks.length === 0)
    throw new UserError("--live needs --stack: which stack is to be compared with what is deployed of it?");
  return compareLive(stacks, { local: local ?? false });
}

function parseLabels(text: string | undefined): Label[] {
  const words = (text ?? "").split(",").filter((word) => word !== "");
  return words.map((word) => {
    const label = labels.find((known) => known === word);
    if (label === undefined)
      throw new UserError(
        `--fail-on takes ${labels.join(", ")}, with commas between them, not ${JSON.stringify(word)}`,
      );
    return label;
  });
}

function parseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UserError(`--full-report-url takes an address that begins with https://, not ${JSON.stringify(text)}`);
  return url.href;
}

await runCommand(main);
