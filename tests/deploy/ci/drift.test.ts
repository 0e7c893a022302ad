import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { makeInstalledClone } from "../../support/clone.ts";
import { type Issue, startFakeGithub } from "./fake-github.ts";
import { runScript } from "./script.ts";

/** A clone whose doctor says what the test wants. */
let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
beforeAll(async () => {
  clone = await makeInstalledClone();
  await writeFile(
    path.join(clone.path, "deploy/commands/doctor.ts"),
    "process.stdout.write(process.env.DOCTOR_SAYS ?? '');\n",
  );
}, 300_000);
afterAll(() => clone[Symbol.asyncDispose]());

let github: Awaited<ReturnType<typeof startFakeGithub>>;
beforeEach(async () => {
  github = await startFakeGithub();
});

const fine = { stack: "prod", ok: true, links: [{ link: "drift", status: "ok", says: "nothing has changed" }] };
const moved = {
  stack: "prod",
  ok: false,
  links: [
    { link: "deployed", status: "ok", says: "17 resources" },
    { link: "drift", status: "failed", says: "bot-live: version 3 | not `4` @octo-org", todo: "npm run up -- prod" },
  ],
};

const look = (says: unknown) =>
  runScript("drift.ts", {
    args: ["prod"],
    cwd: clone.path,
    env: { GITHUB_API_URL: github.url, DOCTOR_SAYS: typeof says === "string" ? says : JSON.stringify(says) },
  });

const issue = (change: Partial<Issue>): Issue => ({
  number: 3,
  title: "prod is not as it was deployed",
  body: "<!-- line-bot:drift stack=prod -->\nformer",
  state: "open",
  labels: [{ name: "drift" }],
  user: { login: "github-actions[bot]" },
  comments: [],
  ...change,
});

test("drift opens one issue that tells what it is, as nothing but text", async () => {
  const { code, summary } = await look(moved);

  expect(code).toBe(0);
  expect(github.issues).toHaveLength(1);
  expect(github.issues[0]).toMatchObject({ title: "prod is not as it was deployed", labels: [{ name: "drift" }] });
  expect(github.issues[0]?.body).toMatch(/^<!-- line-bot:drift stack=prod -->\n/);
  expect(github.issues[0]?.body).toContain("| ``bot-live: version 3 \\| not `4` @octo-org`` | `npm run up -- prod` |");
  expect(github.issues[0]?.body).not.toContain("17 resources");
  expect(summary).toContain("https://github.com/octo-org/line-bot/actions/runs/77");
});

test("the same drift a day later changes nothing, another one is written into the same issue", async () => {
  await look(moved);
  const [{ number } = { number: 0 }] = github.issues;
  const before = github.requests.length;

  const same = await look(moved);
  expect(same.stdout).toBe(`Issue ${number} says so already.\n`);
  expect(github.requests.slice(before).filter((request) => !request.startsWith("GET"))).toEqual([]);

  const other = await look({ ...moved, links: [{ link: "active", status: "failed", says: '"Use webhook" is off' }] });
  expect(other.stdout).toBe(`Issue ${number} is brought up to date.\n`);
  expect(github.issues).toHaveLength(1);
  expect(github.issues[0]?.body).toContain('`"Use webhook" is off`');
});

test("when all is well again the issue is closed, with a word", async () => {
  await look(moved);

  await look(fine);

  expect(github.issues[0]).toMatchObject({ state: "closed" });
  expect(github.issues[0]?.comments).toEqual([
    "All is as it was deployed: https://github.com/octo-org/line-bot/actions/runs/77",
  ]);
  expect((await look(fine)).stdout).toBe("prod is as it was deployed.\n");
});

test("other people's issues, other stacks' and pull requests are left alone, on every page", async () => {
  const others = [
    ...Array.from({ length: 20 }, (_, index) => issue({ number: 100 + index, body: "something else" })),
    issue({ number: 10, user: { login: "mallory" } }),
    issue({ number: 11, body: "<!-- line-bot:drift stack=dev -->\ndev's" }),
    issue({ number: 12, pull_request: {} }),
  ];
  github.issues.push(...structuredClone(others), issue({ number: 13 }), issue({ number: 14 }));

  await look(moved);

  expect(github.issues.slice(0, others.length)).toEqual(others);
  const [own, double] = github.issues.slice(others.length);
  expect(own).toMatchObject({ number: 13, state: "open" });
  expect(own?.body).toContain("bot-live");
  expect(double).toMatchObject({ number: 14, state: "closed", comments: ["The same as #13."] });
});

test("a doctor who could not look is an error, and no drift", async () => {
  const { code, stderr } = await look("Error: no credentials");

  expect(code).toBe(1);
  expect(stderr).toContain("The doctor of prod told nothing that could be read");
  expect(github.requests).toEqual([]);
});
