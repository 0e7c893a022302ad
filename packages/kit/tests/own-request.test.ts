import { expect, test } from "vitest";
import { isOwnRequest } from "../own-request.ts";

const host = "localhost:4400";
const link = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

test.each([
  ["a program's", { host }],
  ["a program's, by address", { host: "127.0.0.1:4400" }],
  ["a program's, by IPv6 address", { host: "[::1]:4400" }],
  ["the page's own", { host, origin: "http://localhost:4400", "sec-fetch-site": "same-origin" }],
  ["the page's own image", { host, "sec-fetch-site": "same-origin", "sec-fetch-dest": "image" }],
  ["one of an address that a person typed", { host, "sec-fetch-site": "none", ...link }],
  ["one of a link on another page", { host, "sec-fetch-site": "cross-site", ...link }],
])("takes a request: %s", (_whose, headers) => {
  expect(isOwnRequest(headers)).toBe(true);
});

test.each([
  ["without a Host", {}],
  ["by a name that was rebound", { host: "evil.example:4400" }],
  ["by a name that only begins so", { host: "localhost.evil.example" }],
  ["of another site's page", { host, origin: "https://evil.example" }],
  ["of a page on another port", { host, origin: "http://localhost:1" }],
  ["of a page without an origin of its own", { host, origin: "null" }],
  ["of another site's script or image, which names no origin", { host, "sec-fetch-site": "cross-site" }],
  ["of an image on another port's page", { host, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" }],
  ["of a frame", { host, "sec-fetch-site": "cross-site", ...link, "sec-fetch-dest": "iframe" }],
  ["of a form that is posted", { host, origin: "https://evil.example", "sec-fetch-site": "cross-site", ...link }],
  ["with two words for its site", { host, "sec-fetch-site": "none, cross-site" }],
])("refuses a request: %s", (_whose, headers) => {
  expect(isOwnRequest(headers)).toBe(false);
});
