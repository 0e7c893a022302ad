import { mkdir, readdir, readFile, readlink, symlink } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";

const lockFile = v.object({ packages: v.record(v.string(), v.object({ link: v.optional(v.boolean()) })) });

/**
 * Gives a copy of a repository the packages that are installed for another one with the same lock file, by links. The
 * workspaces that npm links into `node_modules` are the copy's own: its sources must not run with those of the other.
 */
export async function linkDependencies(from: string, to: string): Promise<void> {
  const workspaces = await readWorkspaces(to);
  await linkEach(path.join(from, "node_modules"), path.join(to, "node_modules"), workspaces);
}

/** Where in `node_modules` npm links workspaces, such as `@scope/name`. */
async function readWorkspaces(folder: string): Promise<string[]> {
  const { packages } = v.parse(lockFile, JSON.parse(await readFile(path.join(folder, "package-lock.json"), "utf8")));
  return Object.entries(packages).flatMap(([place, { link }]) =>
    link === true ? [place.replace(/^node_modules\//, "")] : [],
  );
}

async function linkEach(from: string, to: string, workspaces: string[]): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const { name } = entry;
    const own = workspaces.filter((place) => place === name || place.startsWith(`${name}/`));
    const [source, target] = [path.join(from, name), path.join(to, name)];
    if (own.length === 0) await symlink(source, target);
    // npm's own links are relative: they lead to the copy's workspaces.
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else
      await linkEach(
        source,
        target,
        own.map((place) => place.slice(name.length + 1)),
      );
  }
}
