import { createHmac, timingSafeEqual } from "node:crypto";

/** Look it up without regard to case: LINE says that the case of header names may change. */
export const signatureHeader = "x-line-signature";

/** A SHA-256 digest in base64. */
const signatureLength = 44;

/** Whether a header's value may be a signature: no other is worth a comparison. */
export function isSignature(value: unknown): value is string {
  return typeof value === "string" && value.length === signatureLength;
}

/**
 * The signature that LINE sends with a webhook body.
 * @see https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
 */
export function sign(body: Uint8Array | string, channelSecret: string): string {
  return createHmac("sha256", channelSecret).update(body).digest("base64");
}

/**
 * Whether `signature` is LINE's over exactly these bytes (of a string, its UTF-8). Anything but a canonical base64
 * digest is refused, and the comparison takes the same time wherever the digests differ.
 */
export function verifySignature(
  body: Uint8Array | string,
  channelSecret: string,
  signature: string | undefined,
): boolean {
  if (channelSecret === "") throw new Error("The channel secret is empty: anyone could sign with it");
  if (signature === undefined) return false;
  // The digests' canonical text is compared, not their bytes: a decoder would let other texts pass for the same bytes.
  const expected = Buffer.from(sign(body, channelSecret));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
