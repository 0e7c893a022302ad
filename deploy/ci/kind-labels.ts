import * as v from "valibot";
import type { Label } from "@pulumi-line-bot/infra-diff/model";
import { type Github, GithubError, nothing } from "./github.ts";

const prefix = "infrastructure: ";
const label = v.object({ name: v.string() });

/** Red for what takes something away, yellow for who may do what, blue for the rest. */
const colors: Partial<Record<Label, string>> = {
  broken: "b60205",
  delete: "b60205",
  replace: "b60205",
  "data-loss": "b60205",
  protection: "b60205",
  iam: "fbca04",
  secret: "fbca04",
};
const otherColor = "1d76db";

/** Makes the pull request's labels of this kind those that the report has, and leaves all others. */
export async function setKindLabels(
  github: Github,
  at: { repository: string; number: number },
  kinds: readonly Label[],
): Promise<void> {
  const labels = `/repos/${at.repository}/issues/${at.number}/labels`;
  const there = (await github.list(labels, label)).map(({ name }) => name).filter((name) => name.startsWith(prefix));
  const wanted = new Map(kinds.map((kind) => [`${prefix}${kind}`, kind]));
  for (const name of there.filter((each) => !wanted.has(each))) {
    await github.send("DELETE", `${labels}/${encodeURIComponent(name)}`, nothing);
  }
  const missing = [...wanted].filter(([name]) => !there.includes(name));
  for (const [name, kind] of missing) await requireLabel(github, at.repository, name, kind);
  if (missing.length > 0) await github.send("POST", labels, nothing, { labels: missing.map(([name]) => name) });
}

async function requireLabel(github: Github, repository: string, name: string, kind: Label): Promise<void> {
  try {
    await github.send("POST", `/repos/${repository}/labels`, nothing, {
      name,
      color: colors[kind] ?? otherColor,
      description: "What the change does to what is deployed",
    });
  } catch (error) {
    // It is there already.
    if (!(error instanceof GithubError && error.status === 422)) throw error;
  }
}
