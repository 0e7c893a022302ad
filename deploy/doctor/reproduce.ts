/** Whether every clone of this commit builds the same artifact: looked for before it is pushed. */
import { execFile } from "node:child_process";
import { cp, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import * as v from "valibot";
import { tryGit } from "@pulumi-line-bot/kit/git";
import { linkDependencies } from "@pulumi-line-bot/kit/link-dependencies";
import { toolEnvironment } from "@pulumi-line-bot/kit/tool-environment";
import { withTemporaryFolder } from "../temporary-folder.ts";

const versions = v.optional(v.record(v.string(), v.string()), {});
const manifest = v.object({ dependencies: versions, devDependencies: versions });
const lockFile = v.object({
  packages: v.record(
    v.string(),
    v.object({ version: v.optional(v.string()), integrity: v.optional(v.string()), link: v.optional(v.boolean()) }),
  ),
});

const exact = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** Dependencies that another machine may install in another version. */
export async function findLooseDependencies(root: string): Promise<string[]> {
  const [{ dependencies, devDependencies }, { packages }] = await Promise.all([
    readJson(path.join(root, "package.json"), manifest),
    readJson(path.join(root, "package-lock.json"), lockFile),
  ]);
  const asked = Object.entries({ ...dependencies, ...devDependencies });
  const loose = asked.flatMap(([name, wanted]) => {
    if (!exact.test(wanted)) return [`${name} is ${wanted} in package.json, which is no exact version`];
    const place = packages[`node_modules/${name}`];
    // A workspace is a part of the repository.
    if (place?.link === true) return [];
    const locked = place?.version;
    return locked === wanted
      ? []
      : [`${name} is ${wanted} in package.json and ${locked ?? "missing"} in package-lock.json`];
  });
  const unsealed = Object.entries(packages)
    .filter(([name, { integrity, link }]) => name.includes("node_modules/") && integrity === undefined && link !== true)
    .map(([name]) => `${name.replace(/^.*node_modules\//, "")} has no integrity in package-lock.json`);
  return [...loose, ...unsealed];
}

async function readJson<S extends v.GenericSchema>(file: string, schema: S): Promise<v.InferOutput<S>> {
  return v.parse(schema, JSON.parse(await readFile(file, "utf8")));
}

/** What decides about the bytes; the rest of a clone does not. */
const sources = ["functions", "infra", "line", "packages/kit", "package.json", "package-lock.json", "tsconfig.json"];

/** A year and some on, written by another umask: what looks at neither builds the same. */
const otherMachine = `data:text/javascript,${encodeURIComponent(`
  const RealDate = Date;
  const later = () => RealDate.now() + 4e10;
  globalThis.Date = class extends RealDate {
    constructor(...parts) { parts.length === 0 ? super(later()) : super(...parts); }
    static now() { return later(); }
  };
  process.umask(0o077);`)}`;
const program = `
  const { buildArtifact } = await import("./artifact.ts");
  const { entries } = await import("./entries.ts");
  console.log(JSON.stringify(await buildArtifact({ name: "bot", entries: Object.values(entries), directory: "../.artifacts" })));`;
const otherEnvironment = {
  TZ: "Pacific/Kiritimati",
  LANG: "tr_TR.UTF-8",
  LC_ALL: "tr_TR.UTF-8",
  USER: "somebody",
  LOGNAME: "somebody",
  // Variables of esbuild, which is a Go program, and of Node.
  GOMAXPROCS: "1",
  UV_THREADPOOL_SIZE: "1",
};

export interface Reproduction {
  /** The digests of a build here, and of one elsewhere and later. */
  sha256: readonly [here: string, there: string];
  /** What of this place is in the bytes, where the two differ. */
  traces: string[];
}

/** Builds the artifact in two copies, of which one is at another path, time, zone, language, user and core count. */
export function reproduce(root: string): Promise<Reproduction> {
  return withTemporaryFolder("reproduce-", async (folder) => {
    const [here, there] = await Promise.all([
      build(root, path.join(folder, "a"), [], {}),
      build(root, path.join(folder, "an other ü", "deeper"), ["--import", otherMachine], {
        ...otherEnvironment,
        HOME: folder,
      }),
    ]);
    const sha256 = [here.sha256, there.sha256] as const;
    return { sha256, traces: here.sha256 === there.sha256 ? [] : findTraces(here, there) };
  });
}

interface Built {
  sha256: string;
  modules: Record<string, string>;
  folder: string;
}

async function build(root: string, folder: string, flags: string[], env: Record<string, string>): Promise<Built> {
  await mkdir(folder, { recursive: true });
  for (const source of sources) await cp(path.join(root, source), path.join(folder, source), { recursive: true });
  await linkDependencies(root, folder);
  const cwd = path.join(folder, "infra");
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "--input-type=module", "-e", program], {
    cwd,
    env: { ...toolEnvironment(), ...env },
  });
  const { sha256, path: zip } = JSON.parse(stdout) as { sha256: string; path: string };
  const files = unzipSync(await readFile(path.join(cwd, zip)));
  const modules = Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString("utf8")] as const);
  return { sha256, modules: Object.fromEntries(modules), folder };
}

/** Finds a path or a time that got into the code, by the module that it is in. */
function findTraces(here: Built, there: Built): string[] {
  return Object.entries(here.modules).flatMap(([name, code]) => {
    const other = there.modules[name] ?? "";
    if (code === other) return [];
    if (code.includes(here.folder)) return [`${name} has the path of the clone in it`];
    let at = 0;
    while (code[at] === other[at]) at += 1;
    return [`${name} differs at ${JSON.stringify(code.slice(Math.max(0, at - 30), at + 30))}`];
  });
}

/** Files that are not as HEAD has them. `undefined` if there is no repository to ask. */
export async function findUncommitted(root: string): Promise<string[] | undefined> {
  const status = await tryGit(root, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames");
  return status?.split("\0").flatMap((row) => (row === "" ? [] : [row.slice(3)]));
}
