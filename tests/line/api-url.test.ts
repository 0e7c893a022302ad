import { expect, test } from "vitest";
import { lineDataApiUrl, parseLineApiUrl } from "../../line/api-url.ts";

test.each([
  "https://api.line.me",
  "https://api.line.me/",
  "http://127.0.0.1:4000",
  "http://localhost:1",
  "http://[::1]:1",
])("accepts %s", (value) => {
  expect(parseLineApiUrl(value).href).toBe(new URL(value).href);
});

test.each([
  "",
  "api.line.me",
  "http://api.line.me",
  "https://api.line.me.example.com",
  "https://api.line.me@example.com",
  "https://user@api.line.me",
  "https://api.line.me:8443",
  "https://api.line.me/v2",
  "https://api.line.me/?a",
  "https://api.line.me/#a",
  "http://10.0.0.1",
  "http://127.0.0.1.example.com",
  "file:///etc/passwd",
])("refuses %j, so that no secret is sent there", (value) => {
  expect(() => parseLineApiUrl(value)).toThrow("is not LINE's API");
});

test("fetches content from LINE's other host, and from the simulator's only one", () => {
  expect(lineDataApiUrl(new URL("https://api.line.me")).origin).toBe("https://api-data.line.me");
  expect(lineDataApiUrl(new URL("http://localhost:4000")).origin).toBe("http://localhost:4000");
});
