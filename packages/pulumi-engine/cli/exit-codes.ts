import { UserError } from "@pulumi-line-bot/kit/user-error";

/** The Pulumi CLI's exit codes, as far as a file backend can end with them. */
export const exitCodes = {
  success: 0,
  error: 1,
  configuration: 2,
  stackNotFound: 6,
  noChangesExpected: 7,
  cancelled: 8,
  /** A fault of the engine itself. */
  internal: 255,
} as const;

export class StackNotFound extends UserError {}

/** An operation that would have asked a person, had there been one. */
export class NotConfirmed extends UserError {}

export function exitCodeOf(error: unknown): number {
  if (error instanceof StackNotFound) return exitCodes.stackNotFound;
  if (error instanceof NotConfirmed) return exitCodes.configuration;
  return error instanceof UserError ? exitCodes.error : exitCodes.internal;
}
