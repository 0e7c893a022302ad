import { strToU8, zipSync } from "fflate";
import { beforeEach, describe, expect, test } from "vitest";
import type { Label, Report } from "@pulumi-line-bot/infra-diff/model";
import { bot, repository, startFakeGithub } from "./fake-github.ts";
import { runScript } from "./script.ts";

const tip = "a".repeat(40);
const olderTip = "b".repeat(40);
const fork = { full_name: "mallory/line-bot", owner: { login: "mallory" } };

/** The event by which GitHub reports the other workflow's run. */
const workflowRun = (change: object = {}) => ({
  workflow_run: {
    id: 55,
    event: "pull_request",
    run_number: 30,
    run_attempt: 1,
    head_sha: tip,
    head_branch: "feature/queue",
    html_url: "https://github.com/octo-org/line-bot/actions/runs/55",
    head_repository: fork,
    ...change,
  },
});

const report = (labels: Label[] = ["delete", "iam"]): Report => ({
  version: 1,
  mode: "programs",
  base: { name: "main", commit: olderTip },
  head: { name: "HEAD", commit: tip },
  labels,
  findings: [
    { weight: "danger", label: "delete", stacks: ["prod"], phrase: ["The queue goes: ", { code: "@team `$(x)`" }] },
  ],
  stacks: [],
  notes: [],
});

let github: Awaited<ReturnType<typeof startFakeGithub>>;
beforeEach(async () => {
  github = await startFakeGithub();
  github.pulls.push(
    { label: "mallory:feature/queue", number: 7, head: { sha: tip, ref: "feature/queue", repo: fork } },
    {
      label: "octo-org:feature/queue",
      number: 8,
      head: { sha: tip, ref: "feature/queue", repo: { full_name: repository } },
    },
  );
  leave(report());
});

/** What the other workflow left. */
function leave(left: unknown, name = "report.json", size = 1000): void {
  github.world.zip = zipSync({ [name]: strToU8(typeof left === "string" ? left : JSON.stringify(left)) });
  github.artifacts.splice(0, 1, { id: 5, name: "infrastructure-diff", expired: false, size_in_bytes: size });
}

const run = (change: object = {}) =>
  runScript("comment.ts", { event: workflowRun(change), env: { GITHUB_API_URL: github.url } });
const written = (pattern = /^(POST|PATCH|DELETE) /) => github.requests.filter((request) => pattern.test(request));

describe("the comment", () => {
  test("comes with the first report, marked with its commit, and the labels with it", async () => {
    const { code } = await run();

    expect(code).toBe(0);
    expect(github.comments).toHaveLength(1);
    const [{ body } = { body: "" }] = github.comments;
    expect(body).toMatch(new RegExp(`^<!-- line-bot:infrastructure-diff commit=${tip} run=30\\.1 -->\\n`));
    expect(body).toContain("The queue goes: `` @team `$(x)` ``");
    expect(body).toContain("Made by the code of `mallory/line-bot`");
    expect(body).toContain("https://github.com/octo-org/line-bot/actions/runs/55");
    expect(github.labels).toEqual(["infrastructure: delete", "infrastructure: iam"]);
    expect(github.knownLabels.map(({ color }) => color)).toEqual(["b60205", "fbca04"]);
    expect(github.requests.filter((request) => request.includes("/8/"))).toEqual([]);
  });

  test("is found on a later page and changed, whatever else of that form is there", async () => {
    const marker = (run: string) => `<!-- line-bot:infrastructure-diff commit=${olderTip} run=${run} -->\n`;
    const foreign = { login: "mallory", type: "User" };
    const other = Array.from({ length: 24 }, (_, id) => ({ id, body: `talk ${id}`, user: foreign }));
    github.comments.push(
      { id: 100, body: `${marker("99.1")}mine, really`, user: foreign },
      { id: 101, body: `${marker("99.1")}an app's`, user: { login: "other-app[bot]", type: "Bot" } },
      ...other,
      { id: 200, body: `${marker("29.1")}former`, user: bot },
    );

    await run();

    expect(written(/^(POST|PATCH|DELETE) \/issues\/(7\/)?comments/)).toEqual(["PATCH /issues/comments/200"]);
    expect(github.comments.find(({ id }) => id === 200)?.body).toContain("The queue goes");
    expect(github.comments.find(({ id }) => id === 100)?.body).toContain("mine, really");
  });

  test("is not written again when it says the same", async () => {
    await run();
    const before = github.requests.length;
    await run();

    expect(github.requests.slice(before).filter((request) => !request.startsWith("GET "))).toEqual([]);
  });

  test.each([
    ["a newer run", "31.1"],
    ["a newer attempt of the same run", "30.2"],
  ])("of %s is left as it is", async (_of, number) => {
    const body = `<!-- line-bot:infrastructure-diff commit=${tip} run=${number} -->\nnewer`;
    github.comments.push({ id: 1, body, user: bot });

    const { stdout } = await run();

    expect(stdout).toContain("newer is there");
    expect(github.comments).toEqual([{ id: 1, body, user: bot }]);
    expect(written()).toEqual([]);
  });

  test("is for the pull request's tip: a run of an older commit says nothing", async () => {
    const { code, stdout } = await run({ head_sha: olderTip });

    expect(code).toBe(0);
    expect(stdout).toMatch(/^No open pull request is at b{40} any more/);
    expect(written()).toEqual([]);
  });

  test("is one where two came to be", async () => {
    const body = `<!-- line-bot:infrastructure-diff commit=${tip} run=29.1 -->\nformer`;
    github.comments.push({ id: 1, body, user: bot }, { id: 2, body, user: bot });

    await run();

    expect(github.comments.map(({ id }) => id)).toEqual([1]);
  });

  test("is not made twice when GitHub made it and failed to say so", async () => {
    github.failures.push({ method: "POST", path: /comments$/, status: 502, afterwards: true });

    const { code } = await run();

    expect(code).toBe(0);
    expect(github.comments).toHaveLength(1);
  });

  test("waits when GitHub says so", async () => {
    github.failures.push({ method: "POST", path: /comments$/, status: 429, headers: { "retry-after": "0" } });

    expect((await run()).code).toBe(0);
    expect(github.comments).toHaveLength(1);
  });

  test("fits into what GitHub takes", async () => {
    const phrase = (index: number) => [`Something of some length, number ${index}: `, { code: "x".repeat(200) }];
    const findings = Array.from({ length: 900 }, (_, index) => ({
      weight: "notice" as const,
      stacks: [],
      phrase: phrase(index),
    }));
    leave({ ...report(), findings });

    await run();

    expect(github.comments[0]?.body.length).toBeLessThanOrEqual(65_536);
    expect(github.comments[0]?.body).toContain("https://github.com/octo-org/line-bot/actions/runs/55");
  });
});

describe("a report that is none", () => {
  test.each([
    ["is no JSON", "### Merge me\n@octo-org/admins"],
    ["has another form", { version: 1, labels: ["<script>"] }],
    ["is a page", "<html>"],
    [
      "has words of its own",
      { ...report(), notes: [["[All is well](https://example.com) @octo-org/admins <script>"]] },
    ],
  ])("and %s is reported, and not shown", async (_what, left) => {
    leave(left);

    const { code } = await run();

    expect(code).toBe(0);
    expect(github.comments[0]?.body).toContain("The report could not be read.");
    expect(github.comments[0]?.body).not.toMatch(/@octo-org|<script>|<html>/);
    expect(github.labels).toEqual([]);
  });

  test("is reported where the other workflow left none, or too much", async () => {
    github.artifacts.splice(0);
    await run();
    expect(github.comments[0]?.body).toContain("The report could not be made.");

    leave(report(), "report.json", 50_000_000);
    await run({ run_attempt: 2 });
    expect(github.comments[0]?.body).toContain("The report is too long.");
    expect(github.requests).not.toContain("GET /actions/artifacts/5/zip");
  });

  test("is the last attempt's, wherever it stands in the list", async () => {
    const of = (id: number) => ({ id, name: "infrastructure-diff", expired: false, size_in_bytes: 1000 });
    github.artifacts.splice(0, 1, of(5), of(9), { ...of(10), expired: true }, { ...of(11), name: "other" }, of(6));

    await run();

    expect(github.requests.filter((request) => request.includes("/zip"))).toEqual(["GET /actions/artifacts/9/zip"]);
  });

  test("is not looked for in another file", async () => {
    leave(report(), "../report.json");

    await run();

    expect(github.comments[0]?.body).toContain("The report could not be read.");
  });
});

describe("labels", () => {
  test("follow the report, and others stay", async () => {
    github.labels.push("infrastructure: replace", "bug", "infrastructure: iam");
    github.knownLabels.push({ name: "infrastructure: delete", color: "ffffff" });

    await run();

    expect(github.labels).toEqual(["bug", "infrastructure: iam", "infrastructure: delete"]);
    expect(github.knownLabels).toEqual([{ name: "infrastructure: delete", color: "ffffff" }]);
  });
});

test("a fork that is gone, or another event, gets no comment", async () => {
  expect(await run({ head_repository: null })).toMatchObject({ code: 0 });
  expect(await run({ event: "push" })).toMatchObject({ code: 0 });

  expect(github.requests).toEqual([]);
});
