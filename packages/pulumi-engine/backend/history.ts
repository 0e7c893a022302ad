import { copyFile, mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { listNames, writeDurably } from "@pulumi-line-bot/kit/files";
import { type StackReference, stackPaths } from "./stack-reference.ts";

/** What one operation did, as Pulumi's file backend keeps it. Times are in seconds since 1970. */
export interface UpdateRecord {
  kind: "update" | "refresh" | "destroy";
  startTime: number;
  message: string;
  environment: Record<string, string>;
  /** The stack's settings, secrets encrypted, as the stack file has them. */
  config: Record<string, unknown>;
  version: number;
  result: "in-progress" | "succeeded" | "failed";
  endTime: number;
  resourceChanges?: Record<string, number>;
}

/** Adds a record, with a copy of the checkpoint as it is now, and a backup of the latter. */
export async function recordUpdate(root: string, stack: StackReference, record: UpdateRecord): Promise<void> {
  const paths = stackPaths(root, stack);
  const moment = nanoseconds();
  const base = join(paths.history, `${stack.name}-${moment}`);
  await writeDurably(`${base}.history.json`, JSON.stringify(record));
  await copyFile(paths.checkpoint, `${base}.checkpoint.json`);
  await mkdir(paths.backups, { recursive: true });
  await copyFile(paths.checkpoint, join(paths.backups, `${stack.name}.${moment}.json`));
}

/** The files of a history are named after the stack. */
export async function moveHistory(root: string, from: StackReference, to: StackReference): Promise<void> {
  const [source, target] = [stackPaths(root, from).history, stackPaths(root, to).history];
  const names = (await listNames(source)).filter((name) => name.startsWith(`${from.name}-`));
  if (names.length > 0) await mkdir(target, { recursive: true });
  await Promise.all(
    names.map((name) => rename(join(source, name), join(target, `${to.name}${name.slice(from.name.length)}`))),
  );
}

/** The latest first. */
export async function listUpdates(
  root: string,
  stack: StackReference,
  page?: { size: number; number: number },
): Promise<UpdateRecord[]> {
  const folder = stackPaths(root, stack).history;
  const names = (await listNames(folder))
    .filter((name) => name.endsWith(".history.json"))
    .toSorted()
    .toReversed();
  const start = page ? (page.number - 1) * page.size : 0;
  const chosen = page ? names.slice(start, start + page.size) : names;
  return Promise.all(
    chosen.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as UpdateRecord),
  );
}

/** Pulumi names history by the nanosecond; the file names sort by time. */
function nanoseconds(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}
