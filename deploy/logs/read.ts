import { setTimeout as wait } from "node:timers/promises";
import { type CloudWatchLogsClient, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import type { LogLine } from "./line.ts";

export interface ReadOptions {
  sinceMs: number;
  /** Whether to go on with what is written from now on. */
  follow: boolean;
  stop: AbortSignal;
}

/** CloudWatch Logs tells nobody that there is something new: it has to be asked. */
const pollMs = 2000;

/** How late a line may arrive behind others of its time. */
const latenessMs = 10_000;

/** Lines of log groups, merged by time. Each once, though a span of time is asked for again and again. */
export async function* readLogs(
  client: CloudWatchLogsClient,
  groups: Record<LogLine["from"], string>,
  { sinceMs, follow, stop }: ReadOptions,
): AsyncGenerator<LogLine> {
  let fromMs = sinceMs;
  let told = new Map<string, number>();
  for (;;) {
    const found = await Promise.all(
      Object.entries(groups).map(([from, group]) => readGroup(client, from as LogLine["from"], group, fromMs)),
    );
    const lines = found.flat().filter(({ eventId }) => !told.has(eventId));
    for (const { line } of lines.toSorted((one, other) => one.line.atMs - other.line.atMs)) yield line;
    if (!follow || stop.aborted) return;

    for (const { eventId, line } of lines) told.set(eventId, line.atMs);
    fromMs = Math.max(fromMs, ...lines.map(({ line }) => line.atMs - latenessMs));
    told = new Map([...told].filter(([, atMs]) => atMs >= fromMs));
    await wait(pollMs, undefined, { signal: stop }).catch(() => {
      // The signal ends the waiting, and the next round the reading.
    });
    if (stop.aborted) return;
  }
}

async function readGroup(client: CloudWatchLogsClient, from: LogLine["from"], logGroupName: string, startTime: number) {
  const lines: { eventId: string; line: LogLine }[] = [];
  for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName, startTime })) {
    for (const { eventId = "", timestamp = 0, message = "" } of events) {
      lines.push({ eventId, line: { from, atMs: timestamp, message } });
    }
  }
  return lines;
}
