import { createHash } from "node:crypto";
import type { Level } from "@pulumi-line-bot/kit/outcomes";

export type Fields = Record<string, string | number | boolean | undefined>;
/** Writes one line of JSON. Never give it a text, a name, a token, a signature, or an id that is not hashed. */
export type Log = (level: Level, message: string, fields?: Fields) => void;
export type Print = (line: string) => void;

// Past `console`, which Lambda would wrap: a line of JSON with these names goes to the log group as it is.
const printToStdout: Print = (line) => process.stdout.write(line);

export function createLog(correlationId: string, print: Print = printToStdout): Log {
  return (level, message, fields) => {
    const line = { timestamp: new Date().toISOString(), level: level.toUpperCase(), message, correlationId, ...fields };
    print(`${JSON.stringify(line)}\n`);
  };
}

/** Tells ids apart in a log without showing them. */
export function hashId(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, 12);
}

/** A name that came with an event, as long as it looks like a name. */
export function toLabel(name: unknown): string {
  return typeof name === "string" && /^[a-z]{1,32}$/i.test(name) ? name : "(not a name)";
}

/**
 * What may be logged of any error. Its message may quote a user's text or an id, so it is left out unless the process
 * has to log messages: `LOG_ERROR_MESSAGES=true`, for a channel without real users.
 */
export function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error };
  const frame = /^ {4}at (.*)$/m.exec(framesOf(error))?.[1];
  const status = "status" in error && typeof error.status === "number" ? error.status : undefined;
  const headers = "headers" in error && error.headers instanceof Headers ? error.headers : undefined;
  const lineRequestId = headers?.get("x-line-request-id") ?? undefined;
  // The SDK takes this error's name from its class, which has another name once it is minified.
  const name = headers === undefined ? error.name : "HTTPFetchError";
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const reason = process.env["LOG_ERROR_MESSAGES"] === "true" ? error.message : undefined;
  const code = findCode(error) ?? findCode(cause);
  return { error: name, cause: cause?.name, code, status, lineRequestId, reason, at: frame };
}

/** The code by which Node and AWS name what went wrong: `ECONNREFUSED`, `ThrottlingException`. */
function findCode(error: Error | undefined): string | undefined {
  if (error === undefined || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^[A-Z][A-Za-z_]{2,60}$/.test(error.code) ? error.code : undefined;
}

/** The stack without the message in front of it, which may have lines that look like frames. */
function framesOf({ stack = "", message }: Error): string {
  return stack.slice(stack.indexOf(message) + message.length);
}
