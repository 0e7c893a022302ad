import { randomUUID } from "node:crypto";
import { ServiceError } from "../errors.ts";
import type { Message } from "./message.ts";

/** The handle of one time that a message was received: what a receiver deletes it with. */
export function createReceipt(messageId: string): string {
  return Buffer.from(`${messageId}/${randomUUID()}`).toString("base64url");
}

/** The id of the message that a receipt handle is for. */
export function parseReceipt(receipt: string): string {
  const text = Buffer.from(receipt, "base64url").toString();
  const [, id] = /^([0-9a-f-]{36})\/[0-9a-f-]{36}$/.exec(text) ?? [];
  if (id === undefined)
    throw new ServiceError(
      "ReceiptHandleIsInvalid",
      `The input receipt handle "${receipt}" is not a valid receipt handle.`,
    );
  return id;
}

export function expiredReceipt(receipt: string): ServiceError {
  return new ServiceError(
    "InvalidParameterValue",
    `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  );
}

/** Only who holds the last receipt of a message in flight may change how long it is hidden. */
export function refuseVisibility(
  receipt: string,
  message: Message | undefined,
  isInFlight: boolean,
): asserts message is Message {
  if (message?.receipt !== receipt)
    throw new ServiceError(
      "InvalidParameterValue",
      `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
    );
  if (!isInFlight) throw new ServiceError("MessageNotInflight", "The specified message isn't in flight.");
}
