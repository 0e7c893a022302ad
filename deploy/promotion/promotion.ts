import { tryGit } from "@pulumi-line-bot/kit/git";
import type { Artifact } from "../../infra/artifact.ts";
import type { Pin } from "../../infra/pin.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { examine, type Examination } from "../doctor/examine.ts";
import { root } from "../local-stack.ts";
import type { StackPlace } from "../stack-place.ts";
import { readSettings, type StackSettings } from "../stack-settings.ts";
import { type ExportedResource, tryExport } from "./exported.ts";
import { buildOwnArtifact } from "./own-artifact.ts";
import { type Preview, previewPinned } from "./preview.ts";

/** What the gates look at; each is found out when it is asked for first. */
export interface Promotion {
  from: StackPlace;
  to: StackPlace;
  /** What a person let pass by name: resources and configuration keys. */
  allow: ReadonlySet<string>;
  /** The doctor's look at `from`, with its drift and with LINE's test. */
  examination: () => Promise<Examination>;
  head: () => Promise<Head>;
  /** What the working tree builds. */
  built: () => Promise<Artifact>;
  settings: (side: "from" | "to") => Promise<StackSettings>;
  /** The state of `to`: nothing in it, where it was never deployed. */
  deployedTo: () => Promise<ExportedResource[]>;
  /** What `from` runs and HEAD has. @throws {UserError} where it runs nothing. */
  pin: () => Promise<Pin>;
  /** What `to` would change with that pin. */
  preview: () => Promise<Preview>;
}

interface Head {
  commit: string;
  /** Files that are not as HEAD has them. */
  dirty: string[];
}

export function openPromotion(from: StackPlace, to: StackPlace, allow: ReadonlySet<string>): Promotion {
  const world = { ...from, lineTest: true, drift: true, build: true };
  const fromSettings = once(() => readSettings(from.pulumi, from.stack, from.target));
  const toSettings = once(() => readSettings(to.pulumi, to.stack, to.target));
  const promotion: Promotion = {
    from,
    to,
    allow,
    examination: once(() => examine(world, () => {})),
    head: once(readHead),
    built: once(buildOwnArtifact),
    settings: (side) => (side === "from" ? fromSettings() : toSettings()),
    deployedTo: once(async () => (await tryExport(to)) ?? []),
    pin: once(async () => {
      const { facts } = await promotion.examination();
      if (facts.deployed === undefined) throw new UserError(`${from.stack} runs nothing yet.`);
      return { artifact: facts.deployed.outputs.artifactSha256, commit: (await promotion.head()).commit };
    }),
    preview: once(async () => previewPinned(to, await promotion.pin())),
  };
  return promotion;
}

function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => (found ??= find());
}

async function readHead(): Promise<Head> {
  const [commit, status] = await Promise.all([
    tryGit(root, "rev-parse", "HEAD"),
    tryGit(root, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames"),
  ]);
  if (commit === undefined || status === undefined) {
    throw new UserError(`${root} is no clone of a git repository with a commit, or git is not installed.`);
  }
  const dirty = status
    .split("\0")
    .filter((row) => row !== "")
    .map((row) => row.slice(3));
  return { commit: commit.trim(), dirty };
}
