import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { zipSync } from "fflate";

export interface Artifact {
  /** The zip, relative to the working directory: the path lands in state, and must be the same on every machine. */
  path: string;
  /** Of the zip's bytes, in hexadecimal: the identity of what runs. Lambda's `CodeSha256` is the same in base64. */
  sha256: string;
  /** Bytes. */
  size: number;
}

/** What the zip holds, as the function's `handler` property names it. */
const bundleFile = "index.mjs";
export const lambdaHandler = "index.handler";

/** The earliest date that a zip can hold. fflate writes local time, so local midnight is the same bytes anywhere. */
const zipEpoch = new Date(1980, 0, 1);
const unixFile = { os: 3, attrs: 0o644 << 16, mtime: zipEpoch };

/**
 * Bundles a function's entry file (exporting `handler`) with all that it imports into a zip for Lambda.
 * The bytes depend on the sources and on the installed versions only: not on path, clock, time zone or machine.
 * fflate compresses in JavaScript, since zlib's output differs between processors.
 *
 * @param entry the entry file, relative to the working directory
 * @param directory where the zip is put, relative to the working directory
 */
export async function buildArtifact(entry: string, directory: string): Promise<Artifact> {
  const code = await bundle(entry);
  const zip = zipSync({ [bundleFile]: [code, unixFile] }, { level: 9 });
  const file = path.join(directory, `${path.parse(entry).name}.zip`);
  await mkdir(directory, { recursive: true });
  // Another operation may read the same file now: it sees the old bytes or the new ones, never half of them.
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, zip);
  await rename(temporary, file);
  return { path: file, sha256: createHash("sha256").update(zip).digest("hex"), size: zip.byteLength };
}

/** The bundled and minified module. Throws esbuild's own error, which names file and line. */
export async function bundle(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: bundleFile,
    write: false,
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return output.contents;
}
