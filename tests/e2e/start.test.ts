import { spawnSync } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { root } from "../../deploy/local-stack.ts";
import { makeInstalledClone } from "../support/clone.ts";
import { findFreePort, findOrphans, run, type Run } from "../support/processes.ts";
import { resourceCount } from "./deployed.ts";

const patience = { timeout: 300_000 };

async function clone() {
  const made = await makeInstalledClone();
  onTestFinished(() => made[Symbol.asyncDispose]());
  return made.path;
}

/** PWD is there for the search for what is left: not every process has the folder in its arguments. */
const npm = (cwd: string, ...args: string[]) => run("npm", args, { cwd, env: { PWD: cwd } });
const start = (cwd: string, ...args: string[]) => npm(cwd, "start", "--", "--port", port, ...args);

/** The simulator's address is in the configuration: another port would be a change. */
let port = "";

beforeAll(async () => {
  port = String(await findFreePort());
});

async function expectSuccess(done: Run) {
  if ((await done.ended) !== 0) throw new Error(done.output());
}

test("npm start -- --once deploys, proves that a message gets its answer, and leaves the state", patience, async () => {
  const cwd = await clone();

  const first = start(cwd, "--once");
  await expectSuccess(first);
  expect(first.output()).toMatch(/\+ +aws:lambda:Function bot created/);
  expect(first.output()).toMatch(/林美玲 wrote "こんにちは", and the bot answered \(\d+ ms\):\n +你說：こんにちは/);

  const second = start(cwd, "--once");
  await expectSuccess(second);
  expect(second.output()).not.toContain("created");
  expect(second.output()).toContain("unchanged");

  const fresh = start(cwd, "--once", "--fresh");
  await expectSuccess(fresh);
  expect(fresh.output()).toMatch(/\+ +aws:lambda:Function bot created/);

  expect(await findOrphans(cwd)).toEqual([]);
});

test("while npm start runs, other commands use its cloud, and Ctrl+C leaves nothing behind", patience, async () => {
  const cwd = await clone();
  const running = start(cwd);
  onTestFinished(() => running.kill());
  await running.prints("Ctrl+C stops");
  expect(running.output()).toMatch(/Talk to the bot +http:\/\/localhost:\d+/);
  expect(running.output()).toMatch(/Webhook +https:\/\/localhost:\d+\/webhook/);
  expect(running.output()).toContain("https://line.me/R/ti/p/%40");

  const second = start(cwd);
  expect(await second.ended).not.toBe(0);
  expect(second.output()).toContain("The local cloud runs already. Deploy to it with `npm run up -- local`");

  const preview = npm(cwd, "run", "preview", "--", "local");
  await expectSuccess(preview);
  expect(preview.output()).toContain(`${resourceCount} unchanged`);

  const bot = path.join(cwd, "functions", "bot.ts");
  await writeFile(bot, (await readFile(bot, "utf8")).replace("你說：", "聽到了："));
  const up = npm(cwd, "run", "up", "--", "local");
  await expectSuccess(up);
  expect(up.output()).toMatch(/~ +aws:lambda:Function bot updated/);
  expect(up.output()).toMatch(/~ +aws:lambda:Alias bot updated/);

  running.interrupt();
  await running.ended;
  expect(await findOrphans(cwd)).toEqual([]);

  const next = start(cwd, "--once");
  await expectSuccess(next);
  expect(next.output()).toContain("聽到了：こんにちは");
});

test("preview, up, refresh and destroy start a cloud for their own duration", patience, async () => {
  const cwd = await clone();
  const steps: [command: string, says: string][] = [
    ["preview", `+ ${resourceCount} to create`],
    ["up", `+ ${resourceCount} created`],
    ["up", `${resourceCount} unchanged`],
    ["refresh", `${resourceCount} unchanged`],
    ["preview", `${resourceCount} unchanged`],
    ["destroy", `- ${resourceCount} deleted`],
    ["up", `+ ${resourceCount} created`],
  ];

  for (const [command, says] of steps) {
    const done = npm(cwd, "run", command, "--", "local", "--port", port);
    await expectSuccess(done);
    expect(done.output()).toContain(says);
  }
  expect(await findOrphans(cwd)).toEqual([]);
});

test("with --engine pulumi the `pulumi` on the path deploys the same stack", patience, async () => {
  const cwd = await clone();
  const bin = path.join(cwd, "bin");
  await mkdir(bin);
  // Stands in for the CLI, whose words it takes; what the one wrote, the other reads.
  await symlink(path.join(root, "packages/pulumi-engine/bin/pulumi"), path.join(bin, "pulumi"));
  const PATH = [bin, process.env["PATH"]].join(path.delimiter);

  const up = run("npm", ["run", "up", "--", "local", "--engine", "pulumi", "--yes", "--port", port], {
    cwd,
    env: { PATH },
  });
  await expectSuccess(up);
  expect(up.output()).toMatch(/^> pulumi up --stack local --yes --config-file .*Pulumi\.local\.yaml$/m);
  expect(up.output()).toContain(`+ ${resourceCount} created`);

  const embedded = npm(cwd, "run", "preview", "--", "local", "--port", port);
  await expectSuccess(embedded);
  expect(embedded.output()).toContain(`${resourceCount} unchanged`);
});

const hasCli = spawnSync("pulumi", ["version"]).status === 0;

test.skipIf(!hasCli)(
  "the Pulumi CLI finds nothing to change in what the embedded engine deployed",
  patience,
  async () => {
    const cwd = await clone();
    await expectSuccess(npm(cwd, "run", "up", "--", "local", "--port", port));

    const preview = npm(
      cwd,
      "run",
      "preview",
      "--",
      "local",
      "--engine",
      "pulumi",
      "--expect-no-changes",
      "--port",
      port,
    );

    await expectSuccess(preview);
    expect(preview.output()).toContain(`${resourceCount} unchanged`);
  },
);
