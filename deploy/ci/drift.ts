/** `drift.ts <stack>`: one issue for as long as what is deployed is not what was deployed. */
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { runCommand } from "../command-line.ts";
import { toMarkdown } from "@pulumi-line-bot/infra-diff/escape";
import { table } from "@pulumi-line-bot/infra-diff/markdown/phrases";
import { say } from "@pulumi-line-bot/infra-diff/model";
import { runOwn } from "./command.ts";
import { type Github, nothing, openGithub, readPlace } from "./github.ts";
import { addSummary, requireEnv, runUrl } from "./runner.ts";

/** What the doctor prints with `--json`. */
const examination = v.object({
  /** It stands in an HTML comment. */
  stack: v.pipe(v.string(), v.regex(/^[\w.-]{1,100}$/)),
  ok: v.boolean(),
  links: v.array(
    v.object({
      link: v.string(),
      status: v.picklist(["ok", "warning", "failed", "skipped"]),
      says: v.string(),
      todo: v.optional(v.string()),
    }),
  ),
});
type Examination = v.InferOutput<typeof examination>;

const issue = v.object({
  number: v.number(),
  body: v.nullish(v.string(), ""),
  user: v.nullish(v.object({ login: v.string() })),
  pull_request: v.optional(v.unknown()),
});

const label = "drift";
const author = "github-actions[bot]";

async function main(): Promise<number> {
  const [stack] = process.argv.slice(2);
  if (stack === undefined) throw new UserError("Which stack? node deploy/run.cjs deploy/ci/drift.ts <stack>");
  const found = await examine(stack);
  const body = describe(found);
  await addSummary(body);
  const github = openGithub(readPlace(process.env));
  console.log(await settle(github, requireEnv("GITHUB_REPOSITORY"), found, body));
  return 0;
}

/** @throws {UserError} where the doctor could not look: that is no drift. */
async function examine(stack: string): Promise<Examination> {
  const { code, stdout } = await runOwn("doctor.ts", stack, "--drift", "--json");
  try {
    return v.parse(examination, JSON.parse(stdout));
  } catch (error) {
    throw new UserError(`The doctor of ${stack} told nothing that could be read (exit code ${code}).`, {
      cause: error,
    });
  }
}

async function settle(github: Github, repository: string, { stack, ok }: Examination, body: string): Promise<string> {
  const issues = `/repos/${repository}/issues`;
  const marker = `<!-- line-bot:drift stack=${stack} -->`;
  const marked = `${marker}\n${body}`;
  const open = await github.list(`${issues}?state=open&labels=${label}`, issue);
  const [own, ...doubles] = open.filter(
    (each) => each.pull_request === undefined && each.user?.login === author && each.body.startsWith(`${marker}\n`),
  );
  for (const { number } of ok ? [...(own ? [own] : []), ...doubles] : doubles) {
    const comment = ok ? `All is as it was deployed: ${runUrl()}` : `The same as #${own?.number}.`;
    await github.send("POST", `${issues}/${number}/comments`, nothing, { body: comment });
    await github.send("PATCH", `${issues}/${number}`, nothing, { state: "closed" });
  }
  if (ok) return own === undefined ? `${stack} is as it was deployed.` : `${stack} is as it was deployed again.`;
  if (own === undefined) {
    const title = `${stack} is not as it was deployed`;
    const { number } = await github.send("POST", issues, v.object({ number: v.number() }), {
      title,
      body: marked,
      labels: [label],
    });
    return `Issue ${number} is opened.`;
  }
  if (withoutRun(own.body) === withoutRun(marked)) return `Issue ${own.number} says so already.`;
  await github.send("PATCH", `${issues}/${own.number}`, nothing, { body: marked });
  return `Issue ${own.number} is brought up to date.`;
}

const runLine = "Seen by ";
const withoutRun = (body: string) => body.slice(0, body.lastIndexOf(runLine));

function describe({ stack, ok, links }: Examination): string {
  const rows = links
    .filter(({ status }) => status === "failed" || status === "warning")
    .map(({ link, status, says, todo }) => [
      say`${link}`,
      [status],
      say`${says}`,
      todo === undefined ? [] : say`${todo}`,
    ]);
  const title = ok
    ? say`${stack} is as it was deployed.`
    : say`${stack} is not as it was deployed, or does not answer.`;
  const found = rows.length === 0 ? [] : table(["link", "", "what it says", "what to do"], rows);
  return [toMarkdown(title), "", ...found, "", `${runLine}${runUrl()}`].join("\n");
}

await runCommand(main);
