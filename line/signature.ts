import { createHmac, timingSafeEqual } from "node:crypto";

/** Look it up without regard to case: LINE says that the case of header names may change. */
export const signatureHeader = "x-line-signature";

/** A SHA-256 digest in canonical base64: the last digit carries four bits, the two below them are zero. */
const canonicalDigest = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** Whether a header's value has the form of a signature: no other is worth a comparison. */
export function isSignature(value: unknown): value is string {
  return typeof value === "string" && canonicalDigest.test(value);
}

const digest = (body: Uint8Array | string, channelSecret: string) =>
  createHmac("sha256", channelSecret).update(body).digest();

/**
 * The signature that LINE sends with a webhook body.
 * @see https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
 */
export function sign(body: Uint8Array | string, channelSecret: string): string {
  return digest(body, channelSecret).toString("base64");
}

/**
 * Whether `signature` is LINE's over exactly these bytes. Anything but a canonical base64 digest is refused, and
 * the comparison takes the same time wherever the digests differ.
 */
export function verifySignature(
  body: Uint8Array | string,
  channelSecret: string,
  signature: string | undefined,
): boolean {
  if (channelSecret === "") throw new Error("The channel secret is empty: anyone could sign with it");
  if (!isSignature(signature)) return false;
  return timingSafeEqual(digest(body, channelSecret), Buffer.from(signature, "base64"));
}
