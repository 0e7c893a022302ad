import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { LocalAwsError } from "../errors.ts";
import { writeWhole } from "./write-whole.ts";

/** What happened, in order, for data that changes too often for a file that is replaced as a whole. */
export interface Journal<T> {
  /** On disk when it returns: a kill of this process loses nothing that was answered. What throws was not written. */
  append(entry: T): void;
  close(): void;
}

interface JournalOptions<T> {
  replay: (entry: T) => void;
  /** Entries that bring about what all appended ones did. */
  snapshot: () => T[];
  /** How much a file may grow before it is written again, beside what it was then. */
  slackBytes?: number;
}

/** A line of JSON for each entry; a start replays them, and one that was cut off counts as never written. */
export function openJournal<T>(
  file: string,
  { replay, snapshot, slackBytes = 16 * 1024 * 1024 }: JournalOptions<T>,
): Journal<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (const entry of readEntries<T>(file)) replay(entry);
  let [fd, room] = rewrite();
  return {
    append(entry) {
      const line = `${JSON.stringify(entry)}\n`;
      // Before and not after it: the entry takes effect only when this has returned.
      if (room < 0) {
        const former = fd;
        [fd, room] = rewrite();
        closeSync(former);
      }
      try {
        appendFileSync(fd, line);
        room -= line.length;
      } catch (error) {
        // A part of the line may be there: the next one must not follow it.
        room = -1;
        throw error;
      }
    },
    close: () => closeSync(fd),
  };

  function rewrite(): [fd: number, room: number] {
    const text = snapshot()
      .map((entry) => `${JSON.stringify(entry)}\n`)
      .join("");
    writeWhole(file, text);
    return [openSync(file, "a"), text.length + slackBytes];
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
