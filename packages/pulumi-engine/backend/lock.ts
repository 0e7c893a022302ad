import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { explainWriteError, isErrorCode, listNames, tryReadText } from "@pulumi-line-bot/kit/files";
import { describeOurselves, type Holder, isDead, parseHolder } from "./lock-holder.ts";

interface HeldLock {
  path: string;
  text: string;
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
 * Takes the lock, and with `replaceDead` the place of dead holders. Any `.json` file in the folder is a lock to Pulumi,
 * which gives each of its own another name, writes first and looks after; so do we: the second to come sees the other.
 * All engines of ours that find the same locks take the same name, so that of two that come at once exactly one gets it.
 * A dead holder's lock is removed by the one that holds a lock already: nobody else can have the name meanwhile.
 * @throws {StackLocked} at once, naming the holder.
 */
export async function acquireLock(folder: string, { replaceDead = false } = {}): Promise<Lock> {
  const found = await readLocks(folder);
  refuseOthers(found, replaceDead);
  const path = join(folder, chooseName(found));
  const text = JSON.stringify({ ...describeOurselves(), nonce: randomUUID() });
  await createWhole(path, text);
  const release = () => removeLock(folder, text);
  try {
    const others = (await readLocks(folder)).filter((lock) => lock.text !== text);
    refuseOthers(others, replaceDead);
    await Promise.all(others.map((lock) => removeLock(folder, lock.text)));
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/** Names that more than one engine takes. All others are a holder's own: the Pulumi CLI's, and those that moved. */
const sharedPrefix = "embedded";

/** After dead holders, a name that their locks alone give: a content has a nonce, so none comes twice. */
function chooseName(dead: HeldLock[]): string {
  if (dead.length === 0) return `${sharedPrefix}.json`;
  const texts = dead.map(({ text }) => text).toSorted();
  return `${sharedPrefix}-${createHash("sha256").update(JSON.stringify(texts)).digest("hex")}.json`;
}

function refuseOthers(locks: HeldLock[], replaceDead: boolean): void {
  if (locks.some((lock) => !(replaceDead && lock.dead))) throw new StackLocked(locks);
}

/** What `pulumi cancel` does: takes every lock away that it sees, and says whose they were. */
export async function removeLocks(folder: string): Promise<Holder[]> {
  const locks = await readLocks(folder);
  await Promise.all(locks.map(({ text }) => removeLock(folder, text)));
  return locks.map(({ holder }) => holder);
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

/** Known by its content: its name may be another's by now, and it may have moved to another name. */
async function removeLock(folder: string, text: string): Promise<void> {
  const found = (await readLocks(folder)).find((lock) => lock.text === text);
  if (found === undefined) return;
  await takeAway(found);
  await removeLock(folder, text);
}

/**
 * Takes away the lock that was read, and no other that has taken its name since. A name that may be taken again is first
 * exchanged for one that nobody else takes. What turns out to be another's stays a lock under that name, so that nobody
 * finds the stack free meanwhile.
 */
async function takeAway({ path, text }: HeldLock): Promise<void> {
  if (basename(path).startsWith(sharedPrefix)) {
    const moved = join(dirname(path), `${randomUUID()}.json`);
    if ((await tryRename(path, moved)) && (await tryReadText(moved)) === text) await rm(moved, { force: true });
    return;
  }
  await Promise.all([path, `${path}.attrs`].map((file) => rm(file, { force: true })));
}

/** False: there is no such file. */
async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Looks again where a lock went between the two looks at it: it may stand under another name now. */
async function readLocks(folder: string): Promise<HeldLock[]> {
  const locks = await Promise.all((await listLocks(folder)).map(tryReadLock));
  return locks.every((lock) => lock !== undefined) ? locks : readLocks(folder);
}

/** `undefined` if its holder took it away meanwhile, or it was moved. */
async function tryReadLock(path: string): Promise<HeldLock | undefined> {
  const text = await tryReadText(path);
  if (text === undefined) return undefined;
  const holder = parseHolder(text);
  return { path, text, holder, dead: isDead(holder) };
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
