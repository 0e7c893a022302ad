import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

interface LogEvent {
  logStreamName: string;
  timestamp: number;
  message: string;
}

/** Log lines as CloudWatch holds them: in streams of groups, a JSON object a line in a file for each stream. */
export interface LogGroups {
  /** Writes to a stream, and makes the group's folder where it is missing, as the services do. */
  append(group: string, stream: string, message: string): void;
  /** All events of a group in the order of their time; undefined where nothing was ever written. */
  tryRead(group: string): LogEvent[] | undefined;
  remove(group: string): void;
  flush(): void;
}

/** Whoever wants to know is told of each event at once. */
export function openLogGroups(folder: string, onEvent: (group: string, event: LogEvent) => void): LogGroups {
  // A group's name may hold slashes; in the file system it is one folder.
  const folderOf = (group: string) => join(folder, encodeURIComponent(group));
  /** Lines by file, written together when the event loop has gone round: off the path of what logs. */
  const pending = new Map<string, string>();
  const logGroups: LogGroups = {
    append(group, stream, message) {
      const timestamp = Date.now();
      const file = join(folderOf(group), `${encodeURIComponent(stream)}.jsonl`);
      if (pending.size === 0) setImmediate(() => logGroups.flush());
      pending.set(file, `${pending.get(file) ?? ""}${JSON.stringify({ timestamp, message })}\n`);
      onEvent(group, { logStreamName: stream, timestamp, message });
    },
    flush() {
      for (const [file, lines] of pending) appendWithFolder(file, lines);
      pending.clear();
    },
    tryRead(group) {
      logGroups.flush();
      const groupFolder = folderOf(group);
      return tryListFiles(groupFolder)
        ?.flatMap((name) => readStream(join(groupFolder, name)))
        .sort((one, other) => one.timestamp - other.timestamp);
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

function readStream(file: string): LogEvent[] {
  const logStreamName = decodeURIComponent(basename(file, ".jsonl"));
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => parseLine(line, logStreamName));
}

function parseLine(line: string, logStreamName: string): LogEvent[] {
  if (line === "") return [];
  try {
    return [{ logStreamName, ...(JSON.parse(line) as Omit<LogEvent, "logStreamName">) }];
  } catch {
    return []; // A kill has cut it off in the middle.
  }
}
