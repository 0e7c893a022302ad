/**
 * After the workflow that made a pull request's report, with the right to comment: the report that it left, rendered
 * here. Nothing that the other workflow made is run, and what says which pull request it is comes from GitHub.
 */
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { runCommand } from "../command-line.ts";
import { link, toMarkdown } from "@pulumi-line-bot/infra-diff/escape";
import { renderMarkdown } from "@pulumi-line-bot/infra-diff/markdown/report";
import { type Phrase, type Report, say } from "@pulumi-line-bot/infra-diff/model";
import { type Github, openGithub, readPlace } from "./github.ts";
import { setKindLabels } from "./kind-labels.ts";
import { artifactName, mostArtifactBytes, readReport } from "./report-file.ts";
import { readEvent, requireEnv } from "./runner.ts";
import { writeSticky } from "./sticky-comment.ts";

const commit = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/));
const runEvent = v.object({
  workflow_run: v.object({
    id: v.number(),
    event: v.string(),
    run_number: v.number(),
    run_attempt: v.number(),
    head_sha: commit,
    head_branch: v.string(),
    html_url: v.pipe(v.string(), v.url()),
    // Gone where a fork was deleted meanwhile.
    head_repository: v.nullish(v.object({ full_name: v.string(), owner: v.object({ login: v.string() }) })),
  }),
});
type Run = v.InferOutput<typeof runEvent>["workflow_run"];

const pull = v.object({
  number: v.number(),
  head: v.object({ sha: commit, ref: v.string(), repo: v.nullish(v.object({ full_name: v.string() })) }),
});
const artifact = v.object({ id: v.number(), name: v.string(), expired: v.boolean(), size_in_bytes: v.number() });

async function main(): Promise<number> {
  const { workflow_run: run } = await readEvent(runEvent);
  const repository = requireEnv("GITHUB_REPOSITORY");
  const github = openGithub(readPlace(process.env));
  const pulls = await findPulls(github, repository, run);
  if (pulls.length === 0) {
    console.log(`No open pull request is at ${run.head_sha} any more: a newer run comments on it.`);
    return 0;
  }
  const report = await tryReadReport(github, repository, run);
  const markdown = renderComment(report, repository, run);
  const by = { run: run.run_number, attempt: run.run_attempt };
  for (const { number } of pulls) {
    const sticky = { repository, number, topic: artifactName, commit: run.head_sha, by, markdown };
    const outcome = await writeSticky(github, sticky);
    console.log(`Pull request ${number}: ${outcome}.`);
    if (outcome !== "newer is there" && !(report instanceof UserError)) {
      await setKindLabels(github, { repository, number }, report.labels);
    }
  }
  return 0;
}

/** Open ones whose tip is what was compared: an older run finds none. */
async function findPulls(github: Github, repository: string, run: Run) {
  const { event, head_repository: from, head_branch: branch, head_sha: tip } = run;
  if (event !== "pull_request" || from === null || from === undefined) return [];
  const head = encodeURIComponent(`${from.owner.login}:${branch}`);
  const open = await github.list(`/repos/${repository}/pulls?state=open&head=${head}`, pull);
  return open.filter(
    (each) => each.head.sha === tip && each.head.ref === branch && each.head.repo?.full_name === from.full_name,
  );
}

/** A report that could not be made, or not be read, is reported as such. */
async function tryReadReport(github: Github, repository: string, run: Run): Promise<Report | UserError> {
  const path = `/repos/${repository}/actions/runs/${run.id}/artifacts`;
  const left = await github.list(path, artifact, "artifacts");
  // An attempt that is repeated leaves another one of the same name.
  const [found] = left
    .filter(({ name, expired }) => name === artifactName && !expired)
    .toSorted((one, other) => other.id - one.id);
  if (found === undefined) return new UserError("The report could not be made.");
  if (found.size_in_bytes > mostArtifactBytes) return new UserError("The report is too long.");
  const zip = await github.download(`/repos/${repository}/actions/artifacts/${found.id}/zip`, mostArtifactBytes);
  try {
    return readReport(zip);
  } catch (error) {
    // Whatever is in there is somebody else's.
    return new UserError("The report could not be read.", { cause: error });
  }
}

function renderComment(report: Report | UserError, repository: string, run: Run): string {
  const { head_sha: tip, html_url: url, head_repository: from } = run;
  // A fork's code could have written anything into it.
  const maker: Phrase =
    from?.full_name === repository
      ? []
      : [" · Made by the code of ", ...(from ? say`${from.full_name}` : ["a fork"]), ": look at that, too."];
  const about = toMarkdown([`For ${tip.slice(0, 12)} · ${link("this run", url)}`, ...maker]);
  if (report instanceof UserError)
    return `## Infrastructure\n\n${report.message} The run's log says why.\n\n${about}\n`;
  return `${renderMarkdown(report, { fullReportUrl: url, limit: 64_000 })}\n${about}\n`;
}

await runCommand(main);
