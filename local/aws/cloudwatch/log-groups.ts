import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { OnTrace } from "../trace.ts";

export interface LogEvent {
  timestamp: number;
  message: string;
}

/** Log lines as CloudWatch holds them: in streams of groups, a JSON object a line in a file for each stream. */
export interface LogGroups {
  /** Writes to a stream, and makes the group's folder where it is missing, as the services do. */
  append(group: string, stream: string, message: string): void;
  /** All events of a group in the order of their time. */
  read(group: string): LogEvent[];
  remove(group: string): void;
}

export function openLogGroups(folder: string, trace: OnTrace): LogGroups {
  const known = new Set<string>();
  // A group's name may hold slashes; in the file system it is one folder.
  const folderOf = (group: string) => join(folder, encodeURIComponent(group));
  return {
    append(group, stream, message) {
      const groupFolder = folderOf(group);
      if (!known.has(group)) {
        mkdirSync(groupFolder, { recursive: true, mode: 0o700 });
        known.add(group);
      }
      const timestamp = Date.now();
      const line = `${JSON.stringify({ timestamp, message })}\n`;
      appendFileSync(join(groupFolder, `${encodeURIComponent(stream)}.jsonl`), line, { mode: 0o600 });
      trace({ kind: "log", logGroup: group, logStream: stream, timestamp, message });
    },
    read(group) {
      const groupFolder = folderOf(group);
      const events = listFiles(groupFolder).flatMap((name) =>
        readFileSync(join(groupFolder, name), "utf8").split("\n").flatMap(parseLine),
      );
      return events.sort((one, other) => one.timestamp - other.timestamp);
    },
    remove(group) {
      known.delete(group);
      rmSync(folderOf(group), { recursive: true, force: true });
    },
  };
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** A last line that a kill has cut off is left out. */
function parseLine(line: string): LogEvent[] {
  if (line === "") return [];
  try {
    return [JSON.parse(line) as LogEvent];
  } catch {
    return []; // Cut off in the middle of a write.
  }
}
