import { LineError } from "../errors.ts";

/** Where the next page begins, opaque to the caller. */
export const toStart = (index: number): string => Buffer.from(`from:${index}`).toString("base64url");

/** @throws {LineError} 400 for a continuation token that was never given out. */
export function parseStart(start: string | undefined): number {
  if (start === undefined) return 0;
  const [, index] = /^from:(\d+)$/.exec(Buffer.from(start, "base64url").toString()) ?? [];
  if (index === undefined) throw new LineError(400, "Invalid start param");
  return Number(index);
}
