/** What becomes of the code: files, bundles and dependencies, in place of hashes. */
import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { unzipSync } from "fflate";
import { compareTexts } from "./compared.ts";
import type { Git } from "./git.ts";
import { dependencyChanges } from "./lock-diff.ts";
import type { ArtifactSide, CodeDiff } from "./model.ts";

export interface CodeSides {
  git: Git;
  base: { commit: string; folder: string; artifacts: ArtifactFiles };
  /** Without a commit: the working tree, with what git does not follow yet. */
  head: { commit: string | undefined; folder: string; artifacts: ArtifactFiles };
}

export async function compareCode({ git, base, head }: CodeSides): Promise<CodeDiff> {
  const range = head.commit === undefined ? [base.commit] : [base.commit, head.commit];
  const [files, untracked, artifacts, dependencies] = await Promise.all([
    changedFiles(git, range),
    head.commit === undefined ? untrackedFiles(git) : [],
    compareArtifacts(base.artifacts, head.artifacts),
    dependencyChanges(base.folder, head.folder),
  ]);
  return {
    files: [...files, ...untracked].toSorted((one, other) => compareTexts(one.path, other.path)),
    artifacts,
    dependencies,
  };
}

type File = CodeDiff["files"][number];

async function changedFiles(git: Git, range: string[]): Promise<File[]> {
  const options = ["diff", "--no-renames", "--no-ext-diff", "-z"];
  const [numbers, names] = await Promise.all([
    git([...options, "--numstat", ...range, "--"]),
    git([...options, "--name-status", ...range, "--"]),
  ]);
  const lines = new Map(
    numbers.split("\0").map((line) => {
      const [added = "", removed = "", ...name] = line.split("\t");
      return [name.join("\t"), { added, removed }] as const;
    }),
  );
  const fields = names.split("\0");
  return Array.from({ length: Math.floor(fields.length / 2) }, (_, index): File => {
    const [status = "", name = ""] = fields.slice(2 * index, 2 * index + 2);
    const { added = "-", removed = "-" } = lines.get(name) ?? {};
    const counted = added === "-" ? {} : { added: Number(added), removed: Number(removed) };
    return { path: name, kind: status === "A" ? "add" : status === "D" ? "remove" : "change", ...counted };
  });
}

async function untrackedFiles(git: Git): Promise<File[]> {
  const names = await git(["ls-files", "-z", "--others", "--exclude-standard"]);
  return names.split("\0").flatMap((name): File[] => (name === "" ? [] : [{ path: name, kind: "add" }]));
}

/** Where a side's bundles are, by name. */
export type ArtifactFiles = ReadonlyMap<string, string>;

async function compareArtifacts(base: ArtifactFiles, head: ArtifactFiles): Promise<CodeDiff["artifacts"]> {
  const names = [...new Set([...base.keys(), ...head.keys()])].toSorted(compareTexts);
  return Promise.all(
    names.map(async (name) => {
      const [former, now] = await Promise.all([readArtifact(base.get(name)), readArtifact(head.get(name))]);
      return { name, ...(former && { former }), ...(now && { now }) };
    }),
  );
}

const readArtifact = async (file: string | undefined): Promise<ArtifactSide | undefined> =>
  file === undefined ? undefined : describe(await readFile(file));

function describe(zip: Buffer): ArtifactSide {
  const unpacked = Object.values(unzipSync(zip)).reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { sha256: createHash("sha256").update(zip).digest("hex"), size: zip.byteLength, unpacked };
}
