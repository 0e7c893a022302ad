import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { State } from "./state.ts";

export interface Store {
  load(): Promise<State | undefined>;
  /** Says that the state changed: it is written soon, once for many changes. */
  changed(): void;
  /** Resolves when all changes so far are on disk. */
  flush(): Promise<void>;
}

/** Changes within this time share a write. */
const gatherMs = 300;

/** Keeps the state in one file of the folder, replaced as a whole, so that it is never half written. */
export function createFileStore(folder: string, current: () => State): Store {
  const path = join(folder, "line.json");
  let isDirty = false;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<unknown> = Promise.resolve();

  const write = async () => {
    if (!isDirty) return;
    isDirty = false;
    try {
      await writeWhole(path, JSON.stringify(current()));
    } catch (error) {
      // Tried again with the next change, and told by the flush that nothing comes after.
      isDirty = true;
      throw error;
    }
  };
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    const before = writing;
    const mine = Promise.allSettled([before]).then(write);
    writing = mine;
    await mine;
  };
  const flushInBackground = () => {
    flush().catch((error: unknown) => console.error(`Could not write ${path}: ${String(error)}`));
  };

  return {
    async load() {
      await mkdir(folder, { recursive: true });
      const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      return text === undefined ? undefined : parseState(text, path);
    },
    changed() {
      isDirty = true;
      timer ??= setTimeout(flushInBackground, gatherMs);
    },
    flush,
  };
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export const memoryStore: Store = {
  load: () => Promise.resolve(undefined),
  changed() {
    // Nothing is kept.
  },
  flush: () => Promise.resolve(),
};

/** What was kept is never overwritten by a simulator that cannot read it. */
function parseState(text: string, path: string): State {
  const advice = `move ${path} away and start again`;
  let state: Partial<State>;
  try {
    state = JSON.parse(text) as Partial<State>;
  } catch (cause) {
    throw new UserError(`What the LINE simulator kept is damaged: ${advice}`, { cause });
  }
  if (state.version === 1) return state as State;
  throw new UserError(`What the LINE simulator kept is of another version of it: ${advice}`);
}
