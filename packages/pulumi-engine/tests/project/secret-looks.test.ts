import { describe, expect, it } from "vitest";
import { looksLikeSecret } from "../../project/secret-looks.ts";

// What `pulumi config set token <value>` refused, and what it took.
describe("a setting in the clear", () => {
  it.each([
    "1415fc1f4eaeb5e096ee58c1480016638fff29bf",
    "qX7vR2mK",
    "x7Kq9ZpL2w",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "eyJhbGciOiJIUzI1NiJ9",
    "zxkqvjwpgb",
    "3f9a1c2b7d",
    "https://example.com/token",
  ])("looks like a secret: %s", (value) => {
    expect(looksLikeSecret("apiToken", value)).toBe(true);
    expect(looksLikeSecret("size", value)).toBe(false);
  });

  it.each([
    "hunter2",
    "correct horse battery staple",
    "my-token-name",
    "line-channel-secret",
    "production",
    "1234567890",
    "12345678901234567890123",
    "aaaaaaaaaaaaaaaaaaaaaaaaa",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789abcdef0123456789abcdef",
    "3f9a1c",
    "Hello World 2024",
    "10 minutes",
    "TokenBucket",
    "",
  ])("looks like none: %j", (value) => {
    expect(looksLikeSecret("password", value)).toBe(false);
  });
});
