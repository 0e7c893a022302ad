/** Does to the lock of a folder what it is asked to, and answers with what came of it. */
import { type Lock, acquireLock, removeLocks, StackLocked } from "../../backend/lock.ts";

let held: Lock | undefined;

const actions = {
  /** Whether it got it. */
  async acquire(folder: string): Promise<boolean> {
    try {
      held = await acquireLock(folder, { replaceDead: true });
      return true;
    } catch (error) {
      if (error instanceof StackLocked) return false;
      throw error;
    }
  },
  /** Tries until it gets it. */
  async insist(folder: string): Promise<boolean> {
    return (await actions.acquire(folder)) || actions.insist(folder);
  },
  async release(): Promise<void> {
    await held?.release();
    held = undefined;
  },
  /** The pids of those whose locks it took away. */
  async cancel(folder: string): Promise<number[]> {
    return (await removeLocks(folder)).map(({ pid }) => pid);
  },
  async takeOver(folder: string): Promise<boolean> {
    await removeLocks(folder);
    return actions.acquire(folder);
  },
};

/** Such as `{ acquire: "/tmp/locks" }`. */
async function answer(message: Record<string, string>): Promise<unknown> {
  const [[name, folder] = ["acquire", ""]] = Object.entries(message);
  return actions[name as keyof typeof actions](folder);
}

process.on(
  "message",
  (message: Record<string, string>) => void answer(message).then((result) => process.send?.(result ?? null)),
);
