import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { ServiceError } from "../errors.ts";
import type { Archive } from "@pulumi-line-bot/aws-resources/values";

export interface CodePackage {
  /** Hexadecimal SHA-256 of the zip, which names its folder. */
  sha256: string;
  /** The same in base64, as Lambda gives it. */
  codeSha256: string;
  /** Bytes of the zip. */
  size: number;
}

const UNPACKED_LIMIT = 250 * 1024 * 1024;
const ZIPPED_LIMIT = 50 * 1024 * 1024;

/** Where the code of a package is; the handler's files are in `task` below it. */
export function taskRoot(packagesFolder: string, sha256: string): string {
  return join(packagesFolder, sha256, "task");
}

/** Takes a zip in: unpacked once for each content, under its own hash. */
export async function takePackage(archive: Archive, assetRoot: string, packagesFolder: string): Promise<CodePackage> {
  const zip = readArchive(archive, assetRoot);
  if (zip.length > ZIPPED_LIMIT)
    throw new ServiceError("RequestEntityTooLargeException", `Request must be smaller than ${ZIPPED_LIMIT} bytes`, 413);
  const digest = createHash("sha256").update(zip).digest();
  const sha256 = digest.toString("hex");
  // The program's hash is of the bytes it saw; other bytes now would run what nobody has reviewed.
  if (archive.hash && archive.hash !== sha256)
    throw new ServiceError(
      "InvalidParameterValueException",
      `${archive.path} has SHA-256 ${sha256}, but the program registered ${archive.hash}: it changed meanwhile`,
    );
  await unpack(zip, join(packagesFolder, sha256));
  return { sha256, codeSha256: digest.toString("base64"), size: zip.length };
}

/** Removes what no version runs any more, and what a kill has left half unpacked. */
export function prunePackages(packagesFolder: string, used: ReadonlySet<string>): void {
  if (!existsSync(packagesFolder)) return;
  for (const name of readdirSync(packagesFolder))
    if (!used.has(name)) rmSync(join(packagesFolder, name), { recursive: true, force: true });
}

function readArchive(archive: Archive, assetRoot: string): Buffer {
  if (!archive.path?.endsWith(".zip"))
    throw new ServiceError(
      "InvalidParameterValueException",
      "The offline AWS takes a function's code as a FileArchive of a .zip file only",
    );
  try {
    return readFileSync(resolve(assetRoot, archive.path));
  } catch (cause) {
    throw new ServiceError(
      "InvalidParameterValueException",
      `Cannot read ${resolve(assetRoot, archive.path)}: ${(cause as Error).message}`,
    );
  }
}

/** Unpacks beside the target and renames, so that a folder under a hash is always whole. */
async function unpack(zip: Buffer, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const { unzipSync } = await import("fflate");
  let unpacked = 0;
  const files = unzipSync(zip, {
    filter: ({ originalSize }) => {
      if ((unpacked += originalSize) <= UNPACKED_LIMIT) return true;
      throw new ServiceError(
        "InvalidParameterValueException",
        `Unzipped size must be smaller than ${UNPACKED_LIMIT} bytes`,
      );
    },
  });
  const temporary = `${folder}.${process.pid}.tmp`;
  try {
    writeTask(files, temporary);
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another call may have unpacked the same zip meanwhile.
    if (!existsSync(folder)) throw error;
  }
}

function writeTask(files: Record<string, Uint8Array>, folder: string): void {
  const root = join(folder, "task");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  // Shields the code from a package.json further up: in Lambda there is none above the task.
  writeFileSync(join(folder, "package.json"), "{}\n");
  for (const [name, content] of Object.entries(files)) {
    const target = join(root, name);
    if (!target.startsWith(root + sep))
      throw new ServiceError("InvalidParameterValueException", `The zip names a file outside of itself: ${name}`);
    if (name.endsWith("/")) mkdirSync(target, { recursive: true });
    else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
  }
}
