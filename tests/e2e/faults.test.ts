import { readFile, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { makeInstalledClone } from "../support/clone.ts";
import { findFreePort, findOrphans, run, type Run } from "../support/processes.ts";

const patience = { timeout: 300_000 };

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let port = "";

beforeAll(async () => {
  [clone, port] = [await makeInstalledClone(), String(await findFreePort())];
});
afterAll(() => clone[Symbol.asyncDispose]());

const start = (...args: string[]) => startWith({}, ...args);
const startWith = (env: Record<string, string>, ...args: string[]) =>
  run("npm", ["start", "--", "--port", port, ...args], { cwd: clone.path, env: { PWD: clone.path, ...env } });

/** What it printed; it must have left nothing behind. */
async function failureOf(failed: Run): Promise<string> {
  if ((await failed.ended) === 0) throw new Error(`Exited with 0:\n${failed.output()}`);
  const left = await findOrphans(clone.path);
  if (left.length > 0) throw new Error(`Left behind: ${left.join("\n")}`);
  return failed.output();
}

/** What the next start prints, which works. */
async function nextStart(): Promise<string> {
  const next = start("--once");
  if ((await next.ended) !== 0) throw new Error(next.output());
  return next.output();
}

const answered = "and the bot answered";

/** Changes a file of the clone until the test is over. */
async function edit(file: string, change: (text: string) => string): Promise<void> {
  const at = path.join(clone.path, file);
  const before = await readFile(at, "utf8");
  await writeFile(at, change(before));
  onTestFinished(() => writeFile(at, before));
}

/** A flag that the bundler cannot see through: the code stays in, and types and lint do not matter here. */
const inTextHandler = (code: string) => (bot: string) =>
  bot.replace("async text({", `async text(context) { ${code} },\n    async formerText({`);

describe("before anything starts", () => {
  test("an old Node is reported in one line which Node is needed", async () => {
    const pretend = path.join(import.meta.dirname, "fixtures", "pretend-node-18.cjs");
    const old = run(process.execPath, ["--require", pretend, "deploy/run.cjs", "deploy/commands/start.ts"], {
      cwd: clone.path,
    });

    expect(await old.ended).toBe(1);
    expect(old.output().trim()).toMatch(/^Node 20\.19 or later is needed, and this is 18\.20\.0\. .*nodejs\.org.*$/);
  });

  test("a missing lock file is named, with the command that brings it back", async () => {
    const file = path.join(clone.path, "package-lock.json");
    const text = await readFile(file);
    await rm(file);
    onTestFinished(() => writeFile(file, text));

    expect(await failureOf(start("--once"))).toContain("Bring it back with `git checkout package-lock.json`");
  });

  test("a port that is taken is named, and how to choose another", patience, async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const taken = (other.address() as AddressInfo).port;

    const failed = run("npm", ["start", "--", "--once", "--port", String(taken)], { cwd: clone.path });

    expect(await failureOf(failed)).toMatch(new RegExp(`Port ${taken} is (taken|in use).*-- --port ${taken + 100}`));
  });

  test("a data folder that cannot be written is named", patience, async () => {
    const file = path.join(clone.path, ".local");
    await rm(file, { recursive: true, force: true });
    await writeFile(file, "");
    onTestFinished(() => rm(file));

    expect(await failureOf(start("--once"))).toContain(`${file} cannot be written`);
  });

  test("an option that npm kept for itself is reported", async () => {
    const failed = run("npm", ["start", "--once"], { cwd: clone.path });

    expect(await failureOf(failed)).toContain("npm kept --once for itself. Options come after `--`: npm start --");
  });
});

describe("what fails is reported, and the next start continues", () => {
  const faults: [what: string, file: string, change: (text: string) => string, says: RegExp][] = [
    [
      "a program that throws",
      "infra/index.ts",
      (text) => `${text}\nthrow new Error("thrown on purpose");\n`,
      /Error: thrown on purpose[\s\S]*infra\/index\.ts[\s\S]*The deployment failed, see above/,
    ],
    [
      "a mistyped setting",
      "Pulumi.local.yaml",
      (text) => text.replace("logRetentionDays: 1", "logRetentionDays: 2"),
      /line-bot:logRetentionDays in stack local is "2", and has to be a number of days that CloudWatch Logs accepts/,
    ],
    [
      "a bot that does not compile",
      "functions/bot.ts",
      (text) => `${text}\nconst half = ;\n`,
      /functions\/bot\.ts:\d+:\d+: ERROR/,
    ],
    [
      "a bot that throws when it is loaded",
      "functions/bot.ts",
      (text) => `${text}\nif (process.env["CREDENTIALS_SECRET_ARN"]) throw new Error("thrown while loading");\n`,
      /^(?![\s\S]*Alias)[\s\S]*does not answer an empty batch of the queue[^\n]* but with Error: thrown while loading[\s\S]*The live version was not changed/,
    ],
    [
      "a bot that throws at a message",
      "functions/bot.ts",
      inTextHandler('throw new Error("thrown at a message");'),
      /The function's log:[\s\S]*thrown at a message[\s\S]*no answer to "こんにちは" came: the bot failed at it three times/,
    ],
    [
      "a bot that never answers",
      "functions/bot.ts",
      inTextHandler("for (;;);"),
      /The webhook was delivered, but no answer to "こんにちは" came: the bot used up its time/,
    ],
  ];

  test.each(faults)("%s", patience, async (_what, file, change, says) => {
    await edit(file, change);

    expect(await failureOf(start("--once"))).toMatch(says);
  });

  test("after all of these", patience, async () => {
    expect(await nextStart()).toContain(answered);
  });

  test.each([
    "Secret bot creating",
    "Function bot creating",
    "ProvenVersion bot creating",
    "LineChannelWebhook bot creating",
  ])("kill -9 at %s", patience, async (moment) => {
    const killed = start("--once", "--fresh");
    await killed.prints(moment);
    await killed.kill("deploy/commands/start.ts");

    await failureOf(killed);
    expect(await nextStart()).toContain(answered);
  });

  test("Ctrl+C during the deployment", patience, async () => {
    const stopped = start("--once", "--fresh");
    await stopped.prints("Function bot creating");
    stopped.interrupt();

    expect(await failureOf(stopped)).toContain("canceled");
    expect(await nextStart()).toContain(answered);
  });

  test("kill -9 of npm while the bot runs", patience, async () => {
    const running = start();
    await running.prints("Ctrl+C stops");
    await running.kill();

    await failureOf(running);
    expect(await nextStart()).toContain(answered);
  });
});
