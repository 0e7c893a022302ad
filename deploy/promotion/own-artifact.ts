import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Artifact, buildArtifact } from "../../infra/artifact.ts";
import { entries } from "../../infra/entries.ts";
import { programDir } from "../local-stack.ts";

/** What the program would deploy from this working tree, built apart from it. */
export async function buildOwnArtifact(): Promise<Artifact> {
  const directory = await mkdtemp(path.join(tmpdir(), "artifact-"));
  try {
    const files = Object.values(entries).map((entry) => path.join(programDir, entry));
    return await buildArtifact({ name: "own", entries: files, directory });
  } finally {
    await rm(directory, { recursive: true });
  }
}
