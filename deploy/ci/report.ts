/**
 * For a pull request, with no more rights than to read it: what the change does to each stack, for the run's page, as a
 * page of its own and, as data, for the workflow that comments.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { git } from "@pulumi-line-bot/kit/git";
import { runCommand } from "../command-line.ts";
import { compareCommits } from "@pulumi-line-bot/infra-diff/compare-commits";
import { renderHtml } from "@pulumi-line-bot/infra-diff/html/page";
import { renderMarkdown } from "@pulumi-line-bot/infra-diff/markdown/report";
import { root } from "../local-stack.ts";
import { artifactName, reportFile } from "./report-file.ts";
import { addSummary, requireEnv } from "./runner.ts";

async function main(): Promise<number> {
  // What is checked out is the pull request merged into its base: the first parent is the base.
  const [base, head] = await Promise.all(["HEAD^1", "HEAD"].map(parseRevision));
  const report = await compareCommits({
    repository: root,
    base: base ?? "",
    head,
    stacks: [],
    tell: (message) => console.error(message),
  });
  const folder = path.join(requireEnv("RUNNER_TEMP"), artifactName);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, reportFile), `${JSON.stringify(report)}\n`);
  await writeFile(path.join(folder, "report.html"), renderHtml(report));
  await addSummary(renderMarkdown(report, { limit: 900_000 }));
  if (!report.labels.includes("broken")) return 0;
  console.error("A stack could not be deployed with this change: the report says why.");
  return 1;
}

async function parseRevision(name: string): Promise<string> {
  return (await git(root, ["rev-parse", "--verify", name])).trim();
}

await runCommand(main);
