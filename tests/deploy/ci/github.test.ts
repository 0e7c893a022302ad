import { expect, test } from "vitest";
import * as v from "valibot";
import { openGithub } from "../../../deploy/ci/github.ts";
import { bot, type Failure, repository, startFakeGithub } from "./fake-github.ts";

const comments = `/repos/${repository}/issues/7/comments`;
const comment = v.object({ body: v.string() });

async function open(...failures: Omit<Failure, "method" | "path">[]) {
  const github = await startFakeGithub();
  const waits: number[] = [];
  const wait = (ms: number) => Promise.resolve(waits.push(ms));
  const fail = (method: string) =>
    github.failures.push(...failures.map((failure) => ({ ...failure, method, path: /comments/ })));
  const client = openGithub({ apiUrl: github.url, token: "token-of-the-job", wait });
  return { github, client, waits, fail };
}

test("reads all pages of a list", async () => {
  const { github, client } = await open();
  github.comments.push(...Array.from({ length: 34 }, (_, id) => ({ id, body: `comment ${id}`, user: bot })));

  const found = await client.list(comments, comment);

  expect(found.map(({ body }) => body)).toEqual(github.comments.map(({ body }) => body));
});

test("waits for as long as GitHub asks, and then goes on", async () => {
  const resetAt = Math.ceil(Date.now() / 1000) + 30;
  const { client, waits, fail } = await open(
    { status: 429, headers: { "retry-after": "7" } },
    { status: 403, headers: { "retry-after": "3" } },
    { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(resetAt) } },
  );
  fail("POST");

  await client.send("POST", comments, v.unknown(), { body: "hello" });

  expect(waits.slice(0, 2)).toEqual([7000, 3000]);
  expect(waits[2]).toBeGreaterThan(25_000);
  expect(waits[2]).toBeLessThanOrEqual(31_000);
});

test("tries again what failed at GitHub, ever more patiently, and gives up in the end", async () => {
  const failed = { status: 502 };
  const { client, waits, fail } = await open(failed, failed, failed, failed, failed);
  fail("GET");

  await expect(client.list(comments, comment)).rejects.toThrow(`GET ${comments}: GitHub answered 502 (Not now)`);

  expect(waits).toEqual([1000, 2000, 4000, 8000]);
});

test("does not do twice what may have been done", async () => {
  const { github, client, waits, fail } = await open({ status: 502, afterwards: true });
  fail("POST");

  await expect(client.send("POST", comments, v.unknown(), { body: "hello" })).rejects.toThrow("502");

  expect(waits).toEqual([]);
  expect(github.comments).toHaveLength(1);
});

test.each([
  ["is forbidden", { status: 403, headers: { "x-ratelimit-remaining": "4999" } }],
  ["is not there", { status: 404 }],
  ["is limited for longer than a job may wait", { status: 429, headers: { "retry-after": "3600" } }],
])("fails at once for what %s", async (_what, failure) => {
  const { client, waits, fail } = await open(failure);
  fail("GET");

  await expect(client.list(comments, comment)).rejects.toThrow(`GitHub answered ${failure.status}`);

  expect(waits).toEqual([]);
});

test("tells when GitHub cannot be reached, after some tries", async () => {
  const waits: number[] = [];
  const client = openGithub({ apiUrl: "http://127.0.0.1:9", wait: (ms) => Promise.resolve(waits.push(ms)) });

  await expect(client.list(comments, comment)).rejects.toThrow("GitHub could not be reached");

  expect(waits).toHaveLength(4);
});

test("does not follow a page to another host with its token", async () => {
  const { github } = await open();
  github.comments.push(...Array.from({ length: 11 }, (_, id) => ({ id, body: `comment ${id}`, user: bot })));
  const elsewhere = openGithub({ apiUrl: github.url.replace("127.0.0.1", "localhost"), token: "token-of-the-job" });

  await expect(elsewhere.list(comments, comment)).rejects.toThrow("which is not below http://localhost");
});

test("takes no file that is longer than it should be", async () => {
  const { github, client } = await open();
  github.world.zip = new Uint8Array(2000);
  const path = `/repos/${repository}/actions/artifacts/5/zip`;

  expect(await client.download(path, 2000)).toHaveLength(2000);
  await expect(client.download(path, 1999)).rejects.toThrow("more than 1999 bytes");
});
