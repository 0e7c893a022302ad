import * as v from "valibot";
import type { AwsTrace } from "../local/aws/aws.ts";

/** What a function writes: a line of JSON with these, and fields of its own. */
const line = v.looseObject({ timestamp: v.string(), level: v.string(), message: v.string() });

/**
 * A function's own log lines, shortened for a terminal: level, message and fields. Lambda's lines about starts and
 * ends, and the gateway's access log, are left out; they are in the log groups' files.
 */
export function describeLogLine(trace: AwsTrace): string | undefined {
  if (trace.kind !== "log") return undefined;
  const json = tryParse(trace.message);
  const parsed = v.safeParse(line, json);
  if (!parsed.success) return json === undefined ? trace.message.trimEnd() : undefined;
  const { timestamp: _timestamp, level, message, correlationId: _id, ...fields } = parsed.output;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
  return [level, message, ...rest].join(" ");
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever a bot prints by itself is text.
    return undefined;
  }
}
