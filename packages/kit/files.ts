import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/**
 * Replaces a file whole or not at all: the bytes go to a temporary file beside it and reach the disk before the
 * name does. When it throws, a disk that is full included, the old file stands untouched.
 */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  // A listing of stacks takes no file of this name for one.
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await writeSynced(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw explainWriteError(path, error);
  }
  await syncFolder(folder);
}

/**
 * Room on the disk, held by a file of this size, for a write that must not fail later. Throws where there is none.
 */
export async function reserveRoom(path: string, bytes: number): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, Buffer.alloc(bytes));
  } catch (error) {
    await rm(path, { force: true });
    throw explainWriteError(path, error);
  }
}

const writeAdvice: Record<string, string> = {
  ENOSPC: "the disk is full: free some space",
  EDQUOT: "the disk quota is used up: free some space",
  EFBIG: "the file would be larger than it may be: raise the limit (ulimit -f)",
  EACCES: "this user may not write there: change the folder's permissions or its owner",
  EPERM: "this user may not write there: change the folder's permissions or its owner",
  EROFS: "the file system is read-only: choose another folder",
};

/** What keeps a file from being written, for anyone who can do something about it; another error as it is. */
export function explainWriteError(path: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const advice = writeAdvice[code];
  if (advice === undefined) return error;
  return new UserError(`${path} cannot be written (${code}): ${advice}, and run this again. What was there stands.`, {
    cause: error,
  });
}

async function writeSynced(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** A rename is durable when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `undefined` if there is no such file. */
export async function tryReadText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(undefinedIfMissing);
}

/** The names in a folder; none where there is no such folder. */
export async function listNames(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(undefinedIfMissing)) ?? [];
}

function undefinedIfMissing(error: unknown): undefined {
  if (isErrorCode(error, "ENOENT")) return undefined;
  throw error;
}

/** Whether a system call failed for this reason, such as ENOENT. */
export function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
