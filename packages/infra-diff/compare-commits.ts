/** Two commits of a repository, or a commit and the working tree, compared without credentials. */
import { readdir } from "node:fs/promises";
import { findProject } from "@pulumi-line-bot/pulumi-engine/project/project-file";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { buildReport, secretsIn } from "./build-report.ts";
import { checkOut, type Checkout, workingTree } from "./checkout.ts";
import { type ArtifactFiles, compareCode } from "./code-diff.ts";
import { compareTexts } from "./compared.ts";
import { secretsOfEnvironment } from "./environment.ts";
import { findCommit, openGit, tryFindMergeBase } from "./git.ts";
import { type Phrase, type Report, say } from "./model.ts";
import { type EvaluatedStack, evaluateStack } from "./sides.ts";
import { toStackResult } from "./stack-diff.ts";

interface CommitsOptions {
  repository: string;
  base: string;
  /** `undefined` means the working tree. */
  head: string | undefined;
  /** Empty: all that have settings on either side. */
  stacks: string[];
  /** Called before what takes long. */
  tell?: (message: string) => void;
  /** Ends what is under way, and takes away what was made for it: the comparison rejects with the signal's reason. */
  signal?: AbortSignal;
}

export async function compareCommits(options: CommitsOptions): Promise<Report> {
  const { head, tell = () => {}, signal = new AbortController().signal } = options;
  const git = openGit(options.repository);
  const [tip, headCommit] = await Promise.all([findCommit(git, options.base), findCommit(git, head ?? "HEAD")]);
  // What came to the base since then is no part of the change.
  const parting = await tryFindMergeBase(git, tip, headCommit);
  const baseCommit = parting ?? tip;
  const about = { tell, signal };
  await using baseSide = await checkOut(git, baseCommit, about);
  await using headSide = head === undefined ? workingTree(git.folder) : await checkOut(git, headCommit, about);
  const stacks = await evaluateAll(baseSide, headSide, options.stacks, signal);
  const code = await compareCode({
    git,
    base: { commit: baseCommit, folder: baseSide.folder, artifacts: artifactsOf(stacks, "base") },
    head: {
      commit: head === undefined ? undefined : headCommit,
      folder: headSide.folder,
      artifacts: artifactsOf(stacks, "head"),
    },
  });
  return buildReport({
    mode: "programs",
    base: { name: options.base, commit: baseCommit },
    head: head === undefined ? { name: "the working tree" } : { name: head, commit: headCommit },
    stacks: stacks.map(toStackResult),
    code,
    notes: parting === undefined ? [shallow(options.base)] : [],
    secrets: [
      ...secretsOfEnvironment(),
      ...stacks.flatMap(({ base, head: now }) =>
        [base, now].flatMap((side) => (side ? [...secretsIn(side.snapshot)] : [])),
      ),
    ],
  });
}

const shallow = (base: string): Phrase =>
  say`This clone does not reach back to where the two parted: the comparison is with the tip of ${base}.`;

async function evaluateAll(
  base: Checkout,
  head: Checkout,
  wanted: string[],
  signal: AbortSignal,
): Promise<EvaluatedStack[]> {
  const all = await findStacks([base.folder, head.folder]);
  for (const stack of wanted) {
    if (all.includes(stack)) continue;
    throw new UserError(`There is no Pulumi.${stack}.yaml on either side; there are stacks ${all.join(", ")}.`);
  }
  const stacks = wanted.length === 0 ? all : all.filter((stack) => wanted.includes(stack));
  return inPairs(stacks, (stack) => evaluateStack(base.folder, head.folder, stack, signal));
}

async function findStacks(folders: string[]): Promise<string[]> {
  const names = await Promise.all(
    folders.map(async (folder) => readdir((await findProject(folder)).stackConfigFolder)),
  );
  const stacks = names.flat().flatMap((name) => /^Pulumi\.(.+)\.ya?ml$/.exec(name)?.[1] ?? []);
  return [...new Set(stacks)].toSorted(compareTexts);
}

/** Each runs a program, which keeps a core busy. */
async function inPairs<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  // Nobody may be at work any more in folders that are taken away after a failure.
  const ended = await Promise.allSettled([worker(), worker()]);
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  return results;
}

function artifactsOf(stacks: EvaluatedStack[], side: "base" | "head"): ArtifactFiles {
  const isBroken = stacks.some(({ base, head }) => [base, head].some((one) => one && one.problems.length > 0));
  // A side that did not get as far as its bundles says nothing of them.
  return isBroken ? new Map() : new Map(stacks.flatMap((stack) => [...(stack[side]?.artifacts ?? [])]));
}
