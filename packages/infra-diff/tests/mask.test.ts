import { describe, expect, it } from "vitest";
import { createMask } from "../mask.ts";
import { formsOf } from "./support/random-report.ts";

const secret = 'canary/secret+"of-the-channel"\\=';

describe("the mask", () => {
  it.each<[string, string]>([
    ["as it is", secret],
    ["in JSON", JSON.stringify({ secret })],
    ["in JSON in JSON", JSON.stringify(JSON.stringify({ secret }))],
    ["in a URL", encodeURIComponent(secret)],
    ["in a form", new URLSearchParams({ secret }).toString()],
    ["in hexadecimal digits", Buffer.from(secret).toString("hex")],
    ["in large hexadecimal digits", Buffer.from(secret).toString("hex").toUpperCase()],
    ...["", "x", "xx", "xxx"].flatMap((before): [string, string][] => [
      [`in base64 behind ${before.length} bytes`, Buffer.from(`${before}${secret}yy`).toString("base64")],
      [
        `in base64url behind ${before.length} bytes`,
        Buffer.from(`${before}${secret}yy`).toString("base64url"),
      ] as const,
    ]),
  ])("knows a secret %s", (_, text) => {
    const masked = createMask([secret])(`before ${text} after`);

    expect(masked).toContain("[secret]");
    expect(formsOf(secret).filter((form) => masked.includes(form))).toEqual([]);
  });

  it("takes the texts inside of a secret that is JSON for secrets, and the secret's lines", () => {
    const mask = createMask([
      JSON.stringify({ user: "someone", nested: JSON.stringify({ key: "inner-secret" }) }),
      "first line\nsecond line",
    ]);

    expect(mask("someone, inner-secret, first line, second line")).toBe("[secret], [secret], [secret], [secret]");
  });

  it("leaves alone what is too short to be meant", () => {
    expect(createMask(["prod", "1"])("prod 1")).toBe("prod 1");
  });

  it.each([
    ["an access key of AWS", "AKIAIOSFODNN7EXAMPLE"],
    ["a token of GitHub", `ghp_${"a1".repeat(18)}`],
    ["a JSON web token", `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${"a".repeat(43)}`],
    ["a private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"],
    ["a long-lived channel access token", `${"Ab1/".repeat(42)}Ab1=`],
    ["a ciphertext of a stack file", "v1:IlOs7Iye/aBo8Ve3:E45ZNgYaBQTu+FeDziiiN0aulCvauhxnY9"],
  ])("knows %s by its look", (_, text) => {
    expect(createMask([])(`is ${text} here`)).toBe("is [secret] here");
  });

  it("takes no digest and no ARN for a secret", () => {
    const text = `arn:aws:lambda:ap-northeast-1:111122223333:function:bot-5dcd06c:1 ${"a1".repeat(32)}`;
    expect(createMask([])(text)).toBe(text);
  });
});
