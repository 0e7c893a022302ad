import { styleText } from "node:util";
import * as v from "valibot";
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import { printable, printableJson } from "@pulumi-line-bot/kit/printable";

/** A line that a function has written. */
export interface LogLine {
  from: "receiver" | "worker";
  atMs: number;
  message: string;
}

export interface Wanted {
  /** And what is worse. */
  level: "INFO" | "WARN" | "ERROR";
  /** The correlation id that follows a webhook request from the receiver to the answer; `undefined` means all. */
  request: string | undefined;
}

/** What the functions write: JSON with these, and fields of its own. */
const structured = v.looseObject({
  level: v.string(),
  message: v.string(),
  timestamp: v.optional(v.string()),
  correlationId: v.optional(v.string()),
});

/** What Lambda itself writes about starts and ends. */
const platform = v.looseObject({ type: v.pipe(v.string(), v.startsWith("platform.")) });

const levels = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/** Lambda's own lines are left out, unless it is their request that is asked for. */
export function isWanted({ message }: LogLine, { level, request }: Wanted): boolean {
  const json = tryParseJson(message);
  if (v.is(platform, json)) return false;
  const parsed = v.safeParse(structured, json);
  // Whatever a bot prints by itself is text.
  if (!parsed.success) return request === undefined && level === "INFO";
  const { level: own, correlationId } = parsed.output;
  return levels.indexOf(own) >= levels.indexOf(level) && (request === undefined || correlationId === request);
}

const paints: Readonly<Record<string, "yellow" | "red">> = { WARN: "yellow", ERROR: "red", FATAL: "red" };

/** For a terminal, on one line: time, function, level, message and fields; or, behind a bar, what a bot printed. */
export function describeLine({ from, atMs, message }: LogLine): string {
  const start = `${new Date(atMs).toISOString()} ${from.padEnd(8)}`;
  const parsed = v.safeParse(structured, tryParseJson(message));
  if (!parsed.success) return `${start} | ${printable(message.trimEnd())}`;
  const { level, message: what, timestamp: _timestamp, ...fields } = parsed.output;
  const paint = paints[level];
  const rest = Object.entries(fields).map(([name, value]) => `${printable(name)}=${printable(toText(value))}`);
  const text = [printable(level).padEnd(5), printable(what), ...rest].join(" ");
  return `${start} ${paint === undefined ? text : styleText(paint, text)}`;
}

/** The line as it was written, in JSON's own escapes; what is no JSON becomes a text of it. */
export const toJson = ({ message }: LogLine): string => printableJson(tryParseJson(message) ?? message.trimEnd());

const toText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
