import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { LocalAwsError } from "../errors.ts";
import { writeWhole } from "./write-whole.ts";

/** What happened, in order, for data that changes too often for a file that is replaced as a whole. */
export interface Journal<T> {
  /** On disk, whole or not at all, before it returns: a kill of this process loses nothing that was answered. */
  append(entry: T): void;
  close(): void;
}

/** Entries that a file may hold beyond those that it would hold when written anew. */
const SLACK = 20_000;

/** A line of JSON for each entry; a start replays them, and one that was cut off counts as never written. */
export function openJournal<T>(
  file: string,
  { replay, snapshot }: { replay: (entry: T) => void; snapshot: () => T[] },
): Journal<T> {
  let entries = 0;
  mkdirSync(dirname(file), { recursive: true });
  for (const entry of readEntries<T>(file)) {
    replay(entry);
    entries++;
  }
  let [fd, limit] = compact();
  return {
    append(entry) {
      writeSync(fd, `${JSON.stringify(entry)}\n`);
      if (++entries > limit) {
        closeSync(fd);
        [fd, limit] = compact();
      }
    },
    close: () => closeSync(fd),
  };

  function compact(): [fd: number, limit: number] {
    const lines = snapshot().map((entry) => `${JSON.stringify(entry)}\n`);
    writeWhole(file, lines.join(""));
    entries = lines.length;
    return [openSync(file, "a"), entries * 2 + SLACK];
  }
}

function readEntries<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  // Behind the last line's end there is nothing, or what a kill has cut off.
  lines.pop();
  try {
    return lines.map((line) => JSON.parse(line) as T);
  } catch (cause) {
    throw new LocalAwsError(`${file} is not readable: ${String(cause)}. Start afresh, or put back a copy of it.`, {
      cause,
    });
  }
}
