/** Tries to get the lock of a folder when it is asked to, and answers whether it did. */
import { type Lock, acquireLock, StackLocked } from "../../../local/engine/backend/lock.ts";

let held: Lock | undefined;

async function answer(message: { acquire?: string }): Promise<boolean> {
  if (message.acquire === undefined) {
    await held?.release();
    held = undefined;
    return false;
  }
  try {
    held = await acquireLock(message.acquire, { replaceDead: true });
    return true;
  } catch (error) {
    if (error instanceof StackLocked) return false;
    throw error;
  }
}

process.on("message", (message: { acquire?: string }) => void answer(message).then((held) => process.send?.(held)));
