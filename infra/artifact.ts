import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { zipSync } from "fflate";
import { toolEnvironment } from "@pulumi-line-bot/kit/tool-environment";

export interface Artifact {
  /** The zip, relative to the working directory: the path lands in state, and must be the same on every machine. */
  path: string;
  /** The digest of the zip's bytes, in hexadecimal: the identity of what runs. Lambda's `CodeSha256` is the same in base64. */
  sha256: string;
  /** Bytes. */
  size: number;
}

/** The earliest date that a zip can hold. fflate writes local time, so local midnight is the same bytes anywhere. */
const zipEpoch = new Date(1980, 0, 1);
const unixFile = { os: 3, attrs: 0o644 << 16, mtime: zipEpoch };

export interface ArtifactSources {
  /** The name of the zip, without its extension. */
  name: string;
  /** Files that export a `handler` each, relative to the working directory. */
  entries: string[];
  /** Where the zip is put, relative to the working directory. */
  directory: string;
}

/**
 * Bundles functions, each with all that it imports, into one zip for Lambda: functions that run together are one
 * artifact with one digest.
 * The bytes depend on the sources and on the installed versions only: not on path, clock, time zone or machine.
 * fflate compresses in JavaScript, since zlib's output differs between processors.
 */
export async function buildArtifact({ name, entries, directory }: ArtifactSources): Promise<Artifact> {
  const modules = await Promise.all(entries.map(async (entry) => [moduleFile(entry), [await bundle(entry), unixFile]]));
  const zip = zipSync(Object.fromEntries(modules), { level: 9 });
  const file = path.join(directory, `${name}.zip`);
  await mkdir(directory, { recursive: true });
  // Another operation may read the same file now: it sees the old bytes or the new ones, never half of them.
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, zip);
  await rename(temporary, file);
  return { path: file, sha256: createHash("sha256").update(zip).digest("hex"), size: zip.byteLength };
}

const moduleName = (entry: string) => path.parse(entry).name;
const moduleFile = (entry: string) => `${moduleName(entry)}.mjs`;

/** The `handler` property of the Lambda function that runs an entry of the artifact. */
export const toLambdaHandler = (entry: string) => `${moduleName(entry)}.handler`;

/** The bundled and minified module. Throws esbuild's own error, which names file and line. */
export async function bundle(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await withToolEnvironment(() =>
    build({
      entryPoints: [entry],
      outfile: moduleFile(entry),
      write: false,
      bundle: true,
      minify: true,
      platform: "node",
      // A package's ES modules, where it has both: what is not used of them is left out.
      mainFields: ["module", "main"],
      target: "node24",
      format: "esm",
      charset: "utf8",
      legalComments: "none",
      logLevel: "silent",
    }),
  );
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return output.contents;
}

/**
 * esbuild starts its process at the first call, at once, and gives it this one's environment; it takes no other.
 * https://github.com/evanw/esbuild/blob/v0.28.2/lib/npm/node.ts
 */
function withToolEnvironment<T>(start: () => T): T {
  const { env } = process;
  process.env = toolEnvironment();
  try {
    return start();
  } finally {
    process.env = env;
  }
}
