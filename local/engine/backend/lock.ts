import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../../../line/user-error.ts";
import { explainWriteError, isErrorCode, listNames, tryReadText } from "../files.ts";
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
 * which gives each of its own another name, writes first and looks after; so do we: whoever comes second sees the other.
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
  // After a `pulumi cancel`, the name may be another engine's.
  const release = async () => {
    if ((await tryReadText(path)) === text) await rm(path, { force: true });
  };
  try {
    const others = (await readLocks(folder)).filter((lock) => lock.path !== path);
    refuseOthers(others, replaceDead);
    await Promise.all(others.map((lock) => removeLock(lock.path)));
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/** After dead holders, a name that their locks alone give: a content has a nonce, so none comes twice. */
function chooseName(dead: HeldLock[]): string {
  if (dead.length === 0) return "embedded.json";
  const texts = dead.map(({ text }) => text).toSorted();
  return `embedded-${createHash("sha256").update(JSON.stringify(texts)).digest("hex")}.json`;
}

function refuseOthers(locks: HeldLock[], replaceDead: boolean): void {
  if (locks.some((lock) => !(replaceDead && lock.dead))) throw new StackLocked(locks);
}

/** What `pulumi cancel` does: takes every lock away, whoever holds it. */
export async function removeLocks(folder: string): Promise<void> {
  await Promise.all((await listLocks(folder)).map(removeLock));
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
