import path from "node:path";
import { expect, test } from "vitest";
import { findSecretLike } from "@pulumi-line-bot/policy/secret-like";
import { root } from "../../deploy/local-stack.ts";
import { bundle } from "../../infra/artifact.ts";

test.each(["webhook", "worker"])("the code of %s holds nothing that looks like a secret", async (name) => {
  const code = Buffer.from(await bundle(path.join(root, "functions", `${name}.ts`))).toString();

  expect(findSecretLike(code)).toBeUndefined();
});

test.each([
  ["a channel secret", "5e1f0d9c8b7a6958473625140f1e2d3c"],
  ["a long-lived access token", `${"aB3/".repeat(43)}=`],
  ["a JSON Web Token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"],
  ["an AWS access key", `AKIA${"Q7".repeat(8)}`],
  ["a private key", "-----BEGIN RSA PRIVATE KEY-----"],
])("%s looks like one, wherever it stands in a text", (kind, value) => {
  expect(findSecretLike(`{"x":"${value}"}`)).toBe(kind);
});

test.each([
  ["a bot's user id", "U5e1f0d9c8b7a6958473625140f1e2d3c"],
  ["a digest", "a9f01190763ea857f58593b0bc3900f683f2bfcb2bab73a8f6335e1f0d9c8b7a"],
  ["an ARN", "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:bot-45c0ecd-wwF3H2"],
  ["a channel's id", "2000000001"],
])("%s does not", (_what, value) => {
  expect(findSecretLike(`{"x":"${value}"}`)).toBeUndefined();
});
