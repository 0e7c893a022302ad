import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { linkDependencies } from "@pulumi-line-bot/kit/link-dependencies";

const root = path.join(import.meta.dirname, "..", "..");

/** A copy of the sources in a folder of its own, with this clone's dependencies: an installed clone without state. */
export async function makeInstalledClone(name = "clone") {
  const parent = await mkdtemp(path.join(tmpdir(), "line-bot-"));
  const clone = path.join(parent, name);
  const { stdout } = await promisify(execFile)(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    {
      cwd: root,
    },
  );
  for (const file of stdout.split("\0")) if (file !== "") await copy(path.join(root, file), path.join(clone, file));
  await linkDependencies(root, clone);
  return { path: clone, [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }) };
}

/** A file that git lists may have been deleted since. */
async function copy(from: string, to: string): Promise<void> {
  try {
    await cp(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
