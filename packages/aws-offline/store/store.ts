import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalAwsError } from "../errors.ts";
import { openSeal, type Seal } from "./seal.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * Records of one kind, by key. In memory for the readers; every change is on disk before it is answered, and one that
 * cannot be written is none.
 */
export interface Collection<T> {
  get(key: string): T | undefined;
  values(): T[];
  put(key: string, record: T): void;
  /** False: there was none. */
  delete(key: string): boolean;
}

/** The record of a resource. */
export interface Stored {
  id: string;
  attributes: Attributes;
}

export interface Store {
  readonly folder: string;
  /** A sealed one is unreadable in its file: for what may hold secrets. */
  collection<T>(name: string, kind?: "open" | "sealed"): Collection<T>;
  /** Carries out a call that changes several records: where it throws, all of them are as they were before. */
  change<T>(call: () => Promise<T> | T): Promise<T>;
  /** What a call that throws has to take back beside its records, such as a port that it has opened. */
  takeBack(undo: Undo): void;
}

type Undo = () => Promise<void> | void;

/**
 * A file for each collection, replaced as a whole by a rename: whatever kills the process, a reader finds the old
 * content or the new one. Writing is synchronous, so that two changes never mix; the files are small.
 */
export function openStore(folder: string): Store {
  let seal: Seal | undefined;
  const calls = new AsyncLocalStorage<Undo[]>();
  const takeBack = (undo: Undo): void => void calls.getStore()?.push(undo);
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
        collections.set(name, (collection = openCollection(join(folder, `${name}.json`), coding, takeBack)));
      }
      return collection as Collection<T>;
    },
    takeBack,
    async change(call) {
      const undo: Undo[] = [];
      try {
        return await calls.run(undo, async () => await call());
      } catch (error) {
        for (const back of undo.toReversed()) await back();
        throw error;
      }
    },
  };
}

const PLAIN: Seal = { close: (text) => text, open: (text) => text };

function openCollection(file: string, coding: Seal, takeBack: (undo: Undo) => void): Collection<unknown> {
  const records = new Map<string, unknown>(Object.entries(readJson(file, coding)));
  const save = () => writeWhole(file, coding.close(`${JSON.stringify(Object.fromEntries(records), null, 1)}\n`));
  const set = (key: string, record: unknown) =>
    void (record === undefined ? records.delete(key) : records.set(key, record));
  const change = (key: string, record: unknown): void => {
    const before = records.get(key);
    set(key, record);
    try {
      save();
    } catch (error) {
      set(key, before);
      throw error;
    }
    takeBack(() => {
      set(key, before);
      try {
        save();
      } catch {
        // The disk is still full: memory has it right, and the collection's next write takes it along.
      }
    });
  };
  return {
    get: (key) => records.get(key),
    values: () => [...records.values()],
    put: change,
    delete(key) {
      const existed = records.has(key);
      if (existed) change(key, undefined);
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

/** What needs no more of the account than this. */
export interface HasStore {
  readonly store: Store;
}
