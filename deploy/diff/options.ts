/** What `npm run diff` was asked for. */
import { printableJson } from "@pulumi-line-bot/kit/printable";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine } from "../command-line.ts";
import { renderHtml } from "@pulumi-line-bot/infra-diff/html/page";
import { renderMarkdown } from "@pulumi-line-bot/infra-diff/markdown/report";
import { type Label, labels, type Report } from "@pulumi-line-bot/infra-diff/model";

const command = {
  usage:
    "npm run diff -- --base origin/main [--head <commit>] [--live [--local]] [--stack <stack>] [--format markdown|json|html] [--out <file>] [--fail-on delete,replace,iam] [--full-report-url <url>]",
  options: {
    base: { type: "string", default: "origin/main" },
    head: { type: "string" },
    live: { type: "boolean", default: false },
    local: { type: "boolean", default: false },
    stack: { type: "string", multiple: true },
    format: { type: "string", default: "markdown" },
    out: { type: "string" },
    "fail-on": { type: "string", default: "" },
    "full-report-url": { type: "string" },
  },
  words: 0,
} as const;

type Render = (report: Report, options: { fullReportUrl: string | undefined }) => string;

const formats: Record<string, Render> = {
  markdown: renderMarkdown,
  html: renderHtml,
  json: (report) => `${printableJson(report, 2)}\n`,
};

export interface DiffOptions {
  /** Two commits, or one and the working tree; or the working tree and what is deployed. */
  compared: { base: string; head: string | undefined; stacks: string[] } | { live: string[]; local: boolean };
  render: (report: Report) => string;
  /** `undefined` means standard output. */
  out: string | undefined;
  stopOn: Label[];
}

/** @throws {UserError} for what does not go together, or cannot be understood. */
export function parseDiffOptions(args: string[]): DiffOptions {
  const { values } = parseCommandLine(command, args);
  const render = formats[values.format];
  if (render === undefined)
    throw new UserError(`--format is ${Object.keys(formats).join(", ")}, not ${JSON.stringify(values.format)}`);
  const fullReportUrl = parseUrl(values["full-report-url"]);
  return {
    compared: parseCompared(values),
    render: (report) => render(report, { fullReportUrl }),
    out: values.out,
    stopOn: parseLabels(values["fail-on"]),
  };
}

type Values = ReturnType<typeof parseCommandLine<(typeof command)["options"]>>["values"];

function parseCompared({ live, local, base, head, stack: stacks = [] }: Values): DiffOptions["compared"] {
  if (!live) {
    if (local) throw new UserError("--local belongs to --live: without it, nothing is reached in any case.");
    return { base, head, stacks };
  }
  if (head !== undefined)
    throw new UserError("--live compares the working tree, so --head cannot name another commit.");
  if (stacks.length === 0)
    throw new UserError("--live needs --stack: which stack is to be compared with what is deployed of it?");
  return { live: stacks, local };
}

function parseLabels(text: string): Label[] {
  const words = text.split(",").filter((word) => word !== "");
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
