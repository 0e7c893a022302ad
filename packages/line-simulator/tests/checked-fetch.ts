import assert from "node:assert/strict";
import { answerProblems } from "./openapi.ts";

const plainFetch = globalThis.fetch;

/**
 * Every answer that a test of this file gets from now on, through the official client too, is checked against LINE's
 * OpenAPI description and for the headers that every answer has.
 */
globalThis.fetch = async (input, init) => {
  const response = await plainFetch(input, init);
  const url = new URL(input instanceof Request ? input.url : input);
  if (!/^\/(v2|oauth2)\//.test(url.pathname)) return response;
  assert.match(response.headers.get("x-line-request-id") ?? "", /^[0-9a-f-]{36}$/, url.pathname);
  if (response.headers.get("content-type")?.startsWith("application/json") === true) {
    const body: unknown = await response.clone().json();
    const method = init?.method ?? "GET";
    const problems = answerProblems(method, url.pathname, response.status, body);
    const told = `${method} ${url.pathname} answered ${response.status} ${JSON.stringify(body)}`;
    assert.equal(problems.length, 0, `${told}, which LINE's description does not allow: ${problems.join("; ")}`);
  }
  return response;
};
