import * as v from "valibot";
import { type Github, GithubError, nothing } from "./github.ts";

/** Anyone who has the workflow's token writes in this name; a person who copies the marker does not. */
const author = { login: "github-actions[bot]", type: "Bot" };

const comment = v.object({
  id: v.number(),
  body: v.nullish(v.string(), ""),
  user: v.nullish(v.object({ login: v.string(), type: v.string() })),
});
type Comment = v.InferOutput<typeof comment>;

/** Runs of a workflow are numbered; a run that is repeated counts its attempts. */
interface RunNumber {
  run: number;
  attempt: number;
}

export interface StickyComment {
  repository: string;
  /** The pull request's number. */
  number: number;
  /** What tells this comment from others of the same author. */
  topic: string;
  commit: string;
  by: RunNumber;
  markdown: string;
}

type Outcome = "written" | "unchanged" | "newer is there";

/** One comment for each pull request and topic. What a newer run has written stays. */
export async function writeSticky(github: Github, sticky: StickyComment): Promise<Outcome> {
  const comments = `/repos/${sticky.repository}/issues/${sticky.number}/comments`;
  const body = `${toMarker(sticky)}\n${sticky.markdown}`;
  // GitHub may have made a comment and failed to say so: then the next look finds it.
  for (let tried = 1; ; tried++) {
    const all = await github.list(comments, comment);
    const [own, ...doubles] = all.filter((each) => isOwn(each) && parseMarker(each.body, sticky.topic) !== undefined);
    for (const { id } of doubles)
      await github.send("DELETE", `/repos/${sticky.repository}/issues/comments/${id}`, nothing);
    if (own !== undefined) {
      const by = parseMarker(own.body, sticky.topic);
      if (by !== undefined && isNewer(by, sticky.by)) return "newer is there";
      if (own.body === body) return "unchanged";
      await github.send("PATCH", `/repos/${sticky.repository}/issues/comments/${own.id}`, nothing, { body });
      return "written";
    }
    try {
      await github.send("POST", comments, nothing, { body });
      return "written";
    } catch (error) {
      if (!(error instanceof GithubError) || !isDoubtful(error) || tried === 3) throw error;
    }
  }
}

const isOwn = ({ user }: Comment) => user?.login === author.login && user.type === author.type;
const isDoubtful = ({ status }: GithubError) => status === 0 || status >= 500;
const isNewer = (one: RunNumber, other: RunNumber) =>
  one.run === other.run ? one.attempt > other.attempt : one.run > other.run;

const toMarker = ({ topic, commit, by }: StickyComment) =>
  `<!-- line-bot:${topic} commit=${commit} run=${by.run}.${by.attempt} -->`;

/** Only at the very beginning: what a report quotes cannot pass for a marker. */
function parseMarker(body: string, topic: string): RunNumber | undefined {
  const [, found, run, attempt] = /^<!-- line-bot:([\w-]+) commit=[0-9a-f]{40} run=(\d+)\.(\d+) -->\n/.exec(body) ?? [];
  return found === topic ? { run: Number(run), attempt: Number(attempt) } : undefined;
}
