import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalAwsError } from "../errors.ts";
import { openSeal, type Seal } from "./seal.ts";
import { writeWhole } from "./write-whole.ts";

/** Records of one kind, by key. In memory for the readers; every change is on disk before it is answered. */
export interface Collection<T> {
  get(key: string): T | undefined;
  values(): T[];
  put(key: string, record: T): void;
  /** False: there was none. */
  delete(key: string): boolean;
}

export interface Store {
  readonly folder: string;
  /** A sealed one is unreadable in its file: for what may hold secrets. */
  collection<T>(name: string, kind?: "open" | "sealed"): Collection<T>;
}

/**
 * A file for each collection, replaced as a whole by a rename: whatever kills the process, a reader finds the old
 * content or the new one. Writing is synchronous, so that two changes never mix; the files are small.
 */
export function openStore(folder: string): Store {
  let seal: Seal | undefined;
  const collections = new Map<string, Collection<unknown>>();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LocalAwsError(`Cannot write to ${folder}: ${String(cause)}. Choose a folder that you may write to.`, {
      cause,
    });
  }
  return {
    folder,
    collection<T>(name: string, kind: "open" | "sealed" = "open"): Collection<T> {
      let collection = collections.get(name);
      if (!collection) {
        const coding = kind === "sealed" ? (seal ??= openSeal(join(folder, "seal.key"))) : PLAIN;
        collections.set(name, (collection = openCollection(join(folder, `${name}.json`), coding)));
      }
      return collection as Collection<T>;
    },
  };
}

const PLAIN: Seal = { close: (text) => text, open: (text) => text };

function openCollection(file: string, coding: Seal): Collection<unknown> {
  const records = new Map<string, unknown>(Object.entries(readJson(file, coding)));
  const save = () => writeWhole(file, coding.close(`${JSON.stringify(Object.fromEntries(records), null, 1)}\n`));
  return {
    get: (key) => records.get(key),
    values: () => [...records.values()],
    put(key, record) {
      records.set(key, record);
      save();
    },
    delete(key) {
      const existed = records.delete(key);
      if (existed) save();
      return existed;
    },
  };
}

function readJson(file: string, coding: Seal): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  try {
    return JSON.parse(coding.open(text)) as Record<string, unknown>;
  } catch (cause) {
    throw new LocalAwsError(`${file} is not readable: ${String(cause)}. Start afresh, or put back a copy of it.`, {
      cause,
    });
  }
}
