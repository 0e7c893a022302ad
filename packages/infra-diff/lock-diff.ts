import { readFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { compareTexts } from "./compared.ts";
import type { CodeDiff } from "./model.ts";

type Dependency = CodeDiff["dependencies"][number];

const lockSchema = v.object({
  packages: v.record(
    v.string(),
    v.looseObject({
      version: v.optional(v.string()),
      dev: v.optional(v.boolean()),
      dependencies: v.optional(v.record(v.string(), v.string())),
      devDependencies: v.optional(v.record(v.string(), v.string())),
    }),
  ),
});
type Lock = v.InferOutput<typeof lockSchema>;

const nothing: Lock = { packages: {} };

/** What comes, goes, or comes in another version, from both lock files. */
export async function dependencyChanges(base: string, head: string): Promise<Dependency[]> {
  const [former, now] = await Promise.all([base, head].map(readLock));
  return compareLocks(former ?? nothing, now ?? nothing);
}

async function readLock(folder: string): Promise<Lock> {
  const file = path.join(folder, "package-lock.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? nothing : v.parse(lockSchema, JSON.parse(text));
}

function compareLocks(former: Lock, now: Lock): Dependency[] {
  const [was, is] = [packagesOf(former), packagesOf(now)];
  const [direct, formerDirect] = [directOf(now), directOf(former)];
  return [...new Set([...was.keys(), ...is.keys()])].toSorted(compareTexts).flatMap((name): Dependency[] => {
    const [old, fresh] = [was.get(name), is.get(name)];
    if (old?.versions === fresh?.versions) return [];
    return [
      {
        name,
        ...(old && { former: old.versions }),
        ...(fresh && { now: fresh.versions }),
        direct: direct.has(name) || formerDirect.has(name),
        dev: (fresh ?? old)?.dev === true,
      },
    ];
  });
}

interface Package {
  /** Several where packages need different ones. */
  versions: string;
  dev: boolean;
}

function packagesOf({ packages }: Lock): Map<string, Package> {
  const found = new Map<string, Package>();
  for (const place of Object.keys(packages).toSorted(compareTexts)) {
    const { version, dev = false } = packages[place] ?? {};
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    if (place === "" || version === undefined) continue;
    const known = found.get(name);
    const versions = [...new Set([...(known?.versions.split(", ") ?? []), version])].toSorted(compareTexts).join(", ");
    found.set(name, { versions, dev: dev && (known?.dev ?? true) });
  }
  return found;
}

function directOf({ packages }: Lock): Set<string> {
  const { dependencies = {}, devDependencies = {} } = packages[""] ?? {};
  return new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)]);
}
