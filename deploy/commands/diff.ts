/** `npm run diff -- --base origin/main`: what a change does to each stack, for anyone who reviews it. */
import { writeFile } from "node:fs/promises";
import { printableLines } from "@pulumi-line-bot/kit/printable";
import { runCommand } from "../command-line.ts";
import { compareCommits } from "@pulumi-line-bot/infra-diff/compare-commits";
import { compareLive } from "../diff/live.ts";
import type { Report } from "@pulumi-line-bot/infra-diff/model";
import { type DiffOptions, parseDiffOptions } from "../diff/options.ts";
import { root } from "../local-stack.ts";
import { stopOnSignal } from "../stop-on-signal.ts";

/** What `--fail-on` named is in the report. */
const foundExitCode = 3;
/** A stack cannot be deployed. */
const brokenExitCode = 2;
const stoppedExitCode = 130;

async function main(): Promise<number> {
  const { compared, render, out, stopOn } = parseDiffOptions(process.argv.slice(2));
  const report = await compare(compared);
  if (report === undefined) return stoppedExitCode;
  const text = render(report);
  if (out === undefined) process.stdout.write(text);
  else await writeFile(out, text);
  const found = stopOn.filter((label) => report.labels.includes(label));
  if (found.length > 0) console.error(`Stopped by --fail-on: the change is of the kind ${found.join(", ")}.`);
  if (report.labels.includes("broken")) return brokenExitCode;
  return found.length > 0 ? foundExitCode : 0;
}

/** The exit code; `undefined` if it was stopped. */
async function compare(compared: DiffOptions["compared"]): Promise<Report | undefined> {
  if ("live" in compared) return compareLive(compared.live, compared);
  const signal = stopOnSignal();
  try {
    const tell = (message: string): void => console.error(printableLines(message));
    return await compareCommits({ repository: root, ...compared, tell, signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

await runCommand(main);
