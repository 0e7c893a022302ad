import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeConsoleSteps, linksTo, listConsoleSteps } from "../../deploy/console-steps.ts";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { makeInstalledClone } from "../support/clone.ts";
import { findFreePort, findOrphans, run } from "../support/processes.ts";

const patience = { timeout: 300_000 };
const title = "What only LINE's consoles can do:";

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let port = "";
let env: Record<string, string>;

/** The Pulumi CLI's place on the path is taken by the embedded engine's command, which has the same words. */
beforeAll(async () => {
  [clone, port] = [await makeInstalledClone(), String(await findFreePort())];
  const bin = path.join(clone.path, ".bin");
  await mkdir(bin);
  await symlink(path.join(clone.path, "packages/pulumi-engine/bin/pulumi"), path.join(bin, "pulumi"));
  env = { PATH: `${bin}:${process.env["PATH"]}`, PWD: clone.path };
  // The program takes the simulator's address from the stack's file when another engine runs it.
  const file = path.join(clone.path, "Pulumi.local.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace("localhost:4400", `localhost:${port}`));
});
afterAll(() => clone[Symbol.asyncDispose]());

async function npmRun(...args: string[]) {
  const done = run("npm", ["run", args[0] ?? "", "--", "local", "--port", port, ...args.slice(1)], {
    cwd: clone.path,
    env,
  });
  return { code: await done.ended, output: done.output() };
}

test(
  "the first deployment tells once what is left to do in the console, whichever engine deployed",
  patience,
  async () => {
    const first = await npmRun("up", "--yes");
    expect(first.output).toContain(title);
    expect(first.output).toContain('[x] Switch "Use webhook" on');
    expect(first.output).toMatch(/\[ \] Switch "Webhook redelivery" on.*\n +http:\/\/localhost:\d+\/console/);
    expect(first.code).toBe(0);

    const second = await npmRun("up", "--engine", "pulumi", "--yes");
    expect(second.output).toContain("> pulumi up --stack local --yes");
    expect(second.output).not.toContain(title);
    expect(second.code).toBe(0);

    await rm(path.join(clone.path, ".local"), { recursive: true });
    const other = await npmRun("up", "--engine", "pulumi", "--yes");
    expect(other.output).toContain(title);
    expect(other.code).toBe(0);
  },
);

test("the doctor finds that stack fine, in words and as JSON, with a cloud of its own", patience, async () => {
  const words = await npmRun("doctor");
  expect(words.output).toMatch(/✔ Answers in time +first \d+ ms/);
  expect(words.output).toContain("- Drift                not looked for");
  expect(words.output).toContain(title);
  expect(words.output).toContain("Every link is fine.");
  expect(words.code).toBe(0);

  const json = await npmRun("doctor", "--json", "--no-line-test");
  const report = JSON.parse(json.output.slice(json.output.indexOf("{"))) as Record<string, unknown>;
  expect(report).toMatchObject({ stack: "local", ok: true });
  expect(report["links"]).toContainEqual({ link: "Use webhook", status: "ok", says: "on" });
  expect(report["console"]).toContainEqual(expect.objectContaining({ what: 'Switch "Use webhook" on', done: true }));

  for (const { output } of [words, json]) expect(output).not.toContain(devChannel.channelSecret);
  expect(await findOrphans(clone.path)).toEqual([]);
});

test("a broken link makes the doctor end with 1, and is named at the end", patience, async () => {
  const file = path.join(clone.path, "Pulumi.local.yaml");
  await writeFile(file, `${(await readFile(file, "utf8")).trimEnd()}\n  line:bot: "@002prdbt"\n`);

  const { code, output } = await npmRun("doctor");

  expect(output).toMatch(
    /✘ Bot .*pinned to @002prdbt.*\n +→ Give the stack the right ones with `npm run credentials -- local`/,
  );
  expect(output).toContain("To fix: Bot.");
  expect(code).toBe(1);
});

test("the list leads to the channel's own pages, and ticks what LINE's API tells", () => {
  const place = { apiUrl: new URL("https://api.line.me"), channelId: "2000000001", botBasicId: "@001devbt" };

  expect(linksTo(place)).toEqual({
    developers: "https://developers.line.biz/console/channel/2000000001/messaging-api",
    manager: "https://manager.line.biz/account/@001devbt/setting/response",
  });
  expect(linksTo({ ...place, channelId: undefined }).developers).toBe("https://developers.line.biz/console/");
  expect(describeConsoleSteps(listConsoleSteps({ ...place, active: false }))).toContain('[ ] Switch "Use webhook" on');
});
