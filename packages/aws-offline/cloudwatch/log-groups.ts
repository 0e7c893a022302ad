import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";

interface LogEvent {
  logStreamName: string;
  timestamp: number;
  message: string;
}

/** An event as it is kept; its message has yet to be read. */
export interface StoredLogEvent extends Omit<LogEvent, "message"> {
  position: Position;
  line: string;
}

/** Where an event stands in its group, whenever it is read: its time, a number of its stream, its place in that. */
export type Position = readonly [timestamp: number, stream: number, index: number];

/** Milliseconds since 1970; the end is not part of it. */
interface LogRange {
  startMs: number;
  endMs: number;
}

/** Log lines as CloudWatch holds them: in streams of groups, a JSON object a line in a file for each stream. */
export interface LogGroups {
  /** Writes to a stream, and makes the group's folder where it is missing, as the services do. */
  append(group: string, stream: string, message: string): void;
  /** Events of a group in the order of their time; undefined where nothing was ever written. */
  tryRead(group: string, range: LogRange, isWanted?: (logStreamName: string) => boolean): StoredLogEvent[] | undefined;
  remove(group: string): void;
  flush(): void;
}

/** `onEvent` is called with each event at once, before it is written. */
export function openLogGroups(folder: string, onEvent: (group: string, event: LogEvent) => void): LogGroups {
  // A group's name may hold slashes; in the file system it is one folder.
  const folderOf = (group: string) => join(folder, encodeURIComponent(group));
  /** Lines by file, written together when the event loop has gone round: off the path of what logs. */
  const pending = new Map<string, string>();
  let isScheduled = false;
  const flushInBackground = (): void => {
    isScheduled = false;
    try {
      logGroups.flush();
    } catch (error) {
      console.error(`Log lines could not be written, and come with the next ones: ${messageOf(error)}`);
    }
  };
  const logGroups: LogGroups = {
    append(group, stream, message) {
      const timestamp = Date.now();
      const file = join(folderOf(group), `${encodeURIComponent(stream)}.jsonl`);
      if (!isScheduled) setImmediate(flushInBackground);
      isScheduled = true;
      pending.set(file, `${pending.get(file) ?? ""}${JSON.stringify({ timestamp, message })}\n`);
      onEvent(group, { logStreamName: stream, timestamp, message });
    },
    flush() {
      for (const [file, lines] of pending) {
        // A part of them may be there if this fails: what is written next begins a line of its own.
        pending.set(file, `\n${lines}`);
        appendWithFolder(file, lines);
        pending.delete(file);
      }
    },
    tryRead(group, range, isWanted = () => true) {
      logGroups.flush();
      const groupFolder = folderOf(group);
      return tryListFiles(groupFolder)
        ?.filter((name) => isWanted(toStreamName(name)))
        .flatMap((name) => readStream(join(groupFolder, name), range))
        .sort((one, other) => comparePositions(one.position, other.position));
    },
    remove(group) {
      logGroups.flush();
      rmSync(folderOf(group), { recursive: true, force: true });
    },
  };
  return logGroups;
}

function appendWithFolder(file: string, lines: string): void {
  try {
    appendFileSync(file, lines, { mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    appendFileSync(file, lines, { mode: 0o600 });
  }
}

function tryListFiles(folder: string): string[] | undefined {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

const toStreamName = (file: string): string => decodeURIComponent(basename(file, ".jsonl"));

const START = '{"timestamp":';

/** Only the time of a line is read here: most lines of a long log lie outside a range, or on another page. */
function readStream(file: string, { startMs, endMs }: LogRange): StoredLogEvent[] {
  // A file that was last written before the range holds nothing of it.
  if (statSync(file).mtimeMs < startMs) return [];
  const logStreamName = toStreamName(file);
  const stream = crc32(logStreamName);
  const events: StoredLogEvent[] = [];
  for (const [index, line] of readFileSync(file, "utf8").split("\n").entries()) {
    const timestamp = Number.parseInt(line.slice(START.length), 10);
    if (!(timestamp >= startMs && timestamp < endMs)) continue;
    events.push({ logStreamName, timestamp, line, position: [timestamp, stream, index] });
  }
  return events;
}

export function comparePositions(one: Position, other: Position): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

/** Undefined for what a kill has cut off in the middle. */
export function tryReadMessage({ line }: StoredLogEvent): string | undefined {
  try {
    return (JSON.parse(line) as LogEvent).message;
  } catch {
    return undefined;
  }
}

/** What needs no more of the account than this. */
export interface HasLogGroups {
  readonly logGroups: LogGroups;
}
