import { createHash } from "node:crypto";

/** Sets these keys apart from other UUIDs made of the same names. Any UUID serves. */
const namespace = Buffer.from("5d0f3c1f-4bf7-4e0b-a1a8-d9c86a1c2f4e".replaceAll("-", ""), "hex");

/**
 * The retry key of one of an event's messages, such as its nth push: the same whenever the event is handled again, so LINE sends it once. A UUID of
 * version 5 (RFC 9562), as LINE asks for.
 * @see https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
 */
export function toRetryKey(webhookEventId: string, which: number | string): string {
  const digest = createHash("sha1").update(namespace).update(`${webhookEventId}#${which}`).digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  return digest.toString("hex", 0, 16).replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
