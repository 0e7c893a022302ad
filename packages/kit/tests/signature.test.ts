import { createHash, createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { isSignature, sign, verifySignature } from "@pulumi-line-bot/kit/signature";

// LINE's own example: https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
const secret = "8c570fa6dd201bb328f1c1eac23a96d8";
const body = '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}';
const signature = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=";

test("signs and verifies LINE's test vector", () => {
  expect(sign(body, secret)).toBe(signature);
  expect(verifySignature(body, secret, signature)).toBe(true);
  expect(verifySignature(Buffer.from(body), secret, signature)).toBe(true);
});

test("verifies the bytes, also those that are not UTF-8", () => {
  const bytes = Buffer.from([0x22, 0xff, 0xfe, 0x22]);

  expect(verifySignature(bytes, secret, sign(bytes, secret))).toBe(true);
  expect(verifySignature(bytes.toString("utf8"), secret, sign(bytes, secret))).toBe(false);
});

const hmac = (hash: string, encoding: "base64" | "base64url" | "hex") =>
  createHmac(hash, secret).update(body).digest(encoding);

// Node's decoder takes most of these for the same bytes.
test.each<[string, string | undefined]>([
  ["no signature", undefined],
  ["an empty one", ""],
  ["spaces", " ".repeat(44)],
  ["one of another secret", sign(body, "another")],
  ["one of another body", sign(`${body}\n`, secret)],
  ["hexadecimal", hmac("sha256", "hex")],
  ["base64url", hmac("sha256", "base64url")],
  ["base64url with padding", `${hmac("sha256", "base64url")}=`],
  ["SHA-1", hmac("sha1", "base64")],
  ["SHA-512", hmac("sha512", "base64")],
  ["a hash without a key", createHash("sha256").update(body).digest("base64")],
  ["no padding", signature.slice(0, -1)],
  ["two paddings", `${signature}=`],
  ["a space before", ` ${signature}`],
  ["a space after", `${signature} `],
  ["a line feed after", `${signature}\n`],
  ["a NUL after", `${signature}\0`],
  ["characters that are not base64 inside", `${signature.slice(0, 10)}!!${signature.slice(10)}`],
  ["another last digit for the same bytes", signature.replace("s=", "t=")],
  ["the same twice, as joined headers", `${signature},${signature}`],
  ["the same with a prefix", `sha256=${signature}`],
  ["lower case", signature.toLowerCase()],
  ["characters of two bytes", "é".repeat(44)],
  ["characters of two bytes, cut to the length in bytes", "é".repeat(22)],
])("refuses %s", (_, mutant) => {
  expect(verifySignature(body, secret, mutant)).toBe(false);
});

test("refuses to verify with an empty secret, with which anyone could sign", () => {
  expect(() => verifySignature(body, "", sign(body, ""))).toThrow("empty");
});

test.each<[unknown, boolean]>([
  [signature, true],
  [signature.slice(1), false],
  [undefined, false],
  [44, false],
  [[signature], false],
])("tells whether %j may be a signature: %s", (value, expected) => {
  expect(isSignature(value)).toBe(expected);
});
