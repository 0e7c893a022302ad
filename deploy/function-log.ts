import * as v from "valibot";
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import { printable } from "@pulumi-line-bot/kit/printable";
import type { AwsTrace } from "@pulumi-line-bot/aws-offline/aws";

/** What a function writes: a line of JSON with these, and fields of its own. */
const line = v.looseObject({ timestamp: v.string(), level: v.string(), message: v.string() });

/** What happens in the local cloud, for a terminal: what functions write, and alarms. `undefined` if it is not worth a line. */
export function describeTrace(trace: AwsTrace): string | undefined {
  if (trace.kind === "log") return describeLogLine(trace.message);
  // An alarm has no data when it is new.
  if (trace.kind !== "alarm" || trace.from === "INSUFFICIENT_DATA") return undefined;
  return printable(`ALARM ${trace.name}: ${trace.from} → ${trace.to} (${trace.reason})`);
}

/**
 * A function's own log lines, shortened: level, message and fields; behind a bar, what a bot printed. Lambda's lines about starts and ends, the
 * gateway's access log and lines of metrics are left out; they are in the log groups' files.
 */
function describeLogLine(text: string): string | undefined {
  const json = tryParseJson(text);
  const parsed = v.safeParse(line, json);
  if (!parsed.success) return json === undefined ? `| ${printable(text.trimEnd())}` : undefined;
  const { timestamp: _timestamp, level, message, correlationId: _id, ...fields } = parsed.output;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
  return printable([level, message, ...rest].join(" "));
}
