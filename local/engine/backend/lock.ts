import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../../../line/user-error.ts";
import { explainWriteError, isErrorCode, listNames, tryReadText } from "../files.ts";

/** What a lock file says of its holder; Pulumi writes the same. */
interface Holder {
  pid: number;
  username: string;
  hostname: string;
  timestamp: string;
}

interface HeldLock {
  path: string;
  holder: Holder;
  dead: boolean;
}

export interface Lock {
  release(): Promise<void>;
}

/** The stack is somebody else's at the moment. */
export class StackLocked extends UserError {
  readonly onlyDeadHolders: boolean;
  constructor(locks: HeldLock[]) {
    super(explain(locks));
    this.onlyDeadHolders = locks.every((lock) => lock.dead);
  }
}

/**
 * Any `.json` file in the folder is a lock to Pulumi, which gives each of its own another name. All engines of
 * ours take one name, so that of two that come at once exactly one gets it.
 */
const ourName = "embedded.json";

/** @throws {StackLocked} at once, naming the holder. */
export async function acquireLock(folder: string): Promise<Lock> {
  await refuseOthers(folder, undefined);
  const path = join(folder, ourName);
  await createWhole(path, JSON.stringify(ourselves()));
  const release = () => rm(path, { force: true });
  try {
    // The CLI writes first and looks after, as we do: whoever comes second sees the other.
    await refuseOthers(folder, path);
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/** What `pulumi cancel` does: takes every lock away, whoever holds it. */
export async function removeLocks(folder: string): Promise<void> {
  await Promise.all((await listLocks(folder)).map(removeLock));
}

/** Takes away what dead processes left, and says of each who it was. */
export async function removeDeadLocks(folder: string): Promise<string[]> {
  const dead = (await readLocks(folder)).filter((lock) => lock.dead);
  await Promise.all(dead.map(({ path }) => removeLock(path)));
  return dead.map((lock) => describe(lock.holder));
}

async function refuseOthers(folder: string, own: string | undefined): Promise<void> {
  const others = (await readLocks(folder)).filter((lock) => lock.path !== own);
  if (others.length > 0) throw new StackLocked(others);
}

/** A file that others see only with its content: a link to one already written, which fails where the name is taken. */
async function createWhole(path: string, content: string): Promise<void> {
  const folder = dirname(path);
  // Beside the folder, not in it: a lock is any file in it.
  const temporary = join(dirname(folder), `.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, content);
    await link(temporary, path);
  } catch (error) {
    if (!isErrorCode(error, "EEXIST")) throw explainWriteError(path, error);
    const holders = await readLocks(folder);
    if (holders.length > 0) throw new StackLocked(holders);
    // Given back between the two looks at it: it is free now.
    await createWhole(path, content);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Beside a lock of its own, the Pulumi CLI keeps what its library notes of the file. */
async function listLocks(folder: string): Promise<string[]> {
  return (await listNames(folder)).filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
}

async function removeLock(path: string): Promise<void> {
  await Promise.all([path, `${path}.attrs`].map((file) => rm(file, { force: true })));
}

async function readLocks(folder: string): Promise<HeldLock[]> {
  const locks = await Promise.all((await listLocks(folder)).map(tryReadLock));
  return locks.filter((lock) => lock !== undefined);
}

/** Undefined: its holder took it away meanwhile. */
async function tryReadLock(path: string): Promise<HeldLock | undefined> {
  const text = await tryReadText(path);
  if (text === undefined) return undefined;
  const holder = parseHolder(text);
  return { path, holder, dead: isDead(holder) };
}

/** A lock that cannot be read is a lock all the same. */
function parseHolder(text: string): Holder {
  const unknown = { pid: 0, username: "unknown", hostname: "unknown", timestamp: "an unknown time" };
  try {
    return { ...unknown, ...(JSON.parse(text) as Partial<Holder>) };
  } catch {
    return unknown;
  }
}

function isDead(holder: Holder): boolean {
  if (holder.hostname !== hostname() || !(holder.pid > 0)) return false;
  try {
    process.kill(holder.pid, 0);
    return isZombie(holder.pid);
  } catch (error) {
    // EPERM: alive, and another user's.
    return isErrorCode(error, "ESRCH");
  }
}

/** Killed, and waiting for a parent to ask for its exit code: in a container without an init nobody ever does. */
function isZombie(pid: number): boolean {
  try {
    // The state follows the name, which stands in parentheses and may hold any.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    // Only Linux has such files; elsewhere the first process takes care of orphans.
    return false;
  }
}

function ourselves(): Holder {
  return {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
  };
}

function describe({ username, hostname, pid, timestamp }: Holder): string {
  return `created by ${username}@${hostname} (pid ${pid}) at ${timestamp}`;
}

/** The first words are those by which Pulumi's Automation API knows a conflict. */
function explain(locks: HeldLock[]): string {
  const advice = locks.every((lock) => lock.dead)
    ? "That process has died without giving it back, so no update is running: `pulumi cancel` removes the lock, and the next update goes on from the saved state."
    : "Wait until that update has ended; `pulumi cancel` removes the lock where you are sure that none runs.";
  const holders = locks.map(
    ({ path, holder, dead }) => `  ${path}: ${describe(holder)}${dead ? ", a process that is gone" : ""}`,
  );
  return [`the stack is currently locked by ${locks.length} lock(s). ${advice}`, ...holders].join("\n");
}
