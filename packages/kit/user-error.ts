/**
 * A mistake that the reader of the message can fix: it says what is wrong, with which value, and what to do next.
 * Commands print the message alone, without a stack.
 */
export class UserError extends Error {
  override readonly name = "UserError";
}
