import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { GetAliasCommand, GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withPin } from "../../deploy/promotion/pin-file.ts";
import { type LocalCloud, startLocalCloud } from "../../deploy/local/cloud.ts";
import { devChannel, prodChannel } from "@pulumi-line-bot/line-simulator/seed";
import { runScript } from "../deploy/ci/script.ts";
import { makeInstalledClone } from "../support/clone.ts";
import { run } from "../support/processes.ts";
import { toOwnerConfig } from "../../packages/aws-offline/tests/support/owner-config.ts";

/** The life of two stacks on one machine, from the first deployment to the way back. The tests go on from each other. */
const patience = { timeout: 300_000 };
let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let cloud: LocalCloud;
let lambda: LambdaClient;

beforeAll(async () => {
  clone = await makeInstalledClone();
  git("init", "-q");
  await writeFile(path.join(clone.path, ".git/info/exclude"), "node_modules\n");
  commit("Begin");
  cloud = await startLocalCloud({
    dataDir: path.join(clone.path, ".local"),
    programDir: path.join(clone.path, "infra"),
    linePort: 0,
    gatewayPort: 0,
  });
  lambda = new LambdaClient(toOwnerConfig(cloud.aws));
});
afterAll(async () => {
  lambda.destroy();
  await cloud.close();
  await clone[Symbol.asyncDispose]();
});

const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
    cwd: clone.path,
    encoding: "utf8",
  }).trim();

function commit(message: string): string {
  git("add", "-A");
  git("commit", "-qm", message);
  return git("rev-parse", "HEAD");
}

/** Runs it as npm does, without npm. */
async function npm(command: string, ...args: string[]) {
  const program = { up: ["deploy/commands/stack.ts", "up"] }[command] ?? [`deploy/commands/${command}.ts`];
  const done = run("node", ["deploy/run.cjs", ...program, ...args, "--local"], { cwd: clone.path });
  return { code: await done.ended, output: done.output() };
}

async function outputsOf(stack: string): Promise<Record<string, string>> {
  const pulumi = path.join(clone.path, "packages/pulumi-engine/bin/pulumi");
  const done = run(pulumi, ["stack", "output", "--json", "--stack", stack], { cwd: clone.path, env: cloud.env });
  await done.ended;
  return JSON.parse(done.output()) as Record<string, string>;
}

/** The version of both functions that is live, and the digest of its code. */
async function liveOf(stack: string) {
  const { functionName, workerName } = await outputsOf(stack);
  return Promise.all(
    [functionName, workerName].map(async (FunctionName) => {
      const alias = await lambda.send(new GetAliasCommand({ FunctionName, Name: "live" }));
      const { CodeSha256 = "" } = await lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName, Qualifier: "live" }),
      );
      return { version: alias.FunctionVersion, sha256: Buffer.from(CodeSha256, "base64").toString("hex") };
    }),
  );
}

const prodFile = () => readFile(path.join(clone.path, "Pulumi.prod.yaml"), "utf8");
const artifactIn = (stackFile: string) => /line-bot:artifact: "(\w+)"/.exec(stackFile)?.[1] ?? "";

async function append(file: string, text: string): Promise<void> {
  const place = path.join(clone.path, file);
  await writeFile(place, `${await readFile(place, "utf8")}\n${text}\n`);
}

/** What a promotion comes to, without its gates: the sources are committed, and prod is pinned to what they build. */
async function commitAndPin(message: string): Promise<string> {
  const build = 'console.log((await (await import("./deploy/promotion/own-artifact.ts")).buildOwnArtifact()).sha256)';
  const done = run("node", ["--input-type=module", "-e", build], { cwd: clone.path });
  expect(await done.ended).toBe(0);
  const pin = { artifact: done.output().trim(), commit: commit(message) };
  await writeFile(path.join(clone.path, "Pulumi.prod.yaml"), withPin(await prodFile(), pin));
  commit(`Pin: ${message}`);
  return pin.artifact;
}

let first = "";

test("prod runs the bytes that dev has proved, as they were reviewed", patience, async () => {
  const before = await prodFile();
  const head = git("rev-parse", "HEAD");
  expect(await npm("up", "dev")).toMatchObject({ code: 0 });

  const promoted = await npm("promote", "dev", "prod");
  expect(promoted.output).toContain("The promotion is that change, reviewed");
  const fingerprint = /^Fingerprint: (\S+)$/m.exec(promoted.output)?.[1] ?? "";
  commit("Promote");
  const up = await npm("up", "prod", "--expect", fingerprint);

  first = artifactIn(await prodFile());
  expect(await prodFile()).toBe(`${before}  line-bot:artifact: "${first}"\n  line-bot:commit: "${head}"\n`);
  expect(up).toMatchObject({ code: 0 });
  expect(await liveOf("prod")).toEqual([
    { version: "1", sha256: first },
    { version: "1", sha256: first },
  ]);
  expect(await outputsOf("dev")).toMatchObject({ artifactSha256: first, botUserId: devChannel.userId });
  expect(await outputsOf("prod")).toMatchObject({ provenArtifact: first, botUserId: prodChannel.userId });
});

/** A script of the workflows, with the embedded engine's `pulumi` on its path. */
async function runInWorkflow(script: string, stack: string, env: Record<string, string> = {}) {
  const bin = path.join(clone.path, ".local/bin");
  await mkdir(bin, { recursive: true });
  await writeFile(
    path.join(bin, "pulumi"),
    `#!/bin/sh\nexec "${clone.path}/packages/pulumi-engine/bin/pulumi" "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const all = { ...cloud.env, ...env, PATH: `${bin}:${process.env["PATH"]}` };
  return runScript(script, { args: [stack], cwd: clone.path, env: all });
}

test("the workflow plans a pin that dev's state or prod's own shows as proved", patience, async () => {
  const { output } = await runInWorkflow("proven.ts", "dev");
  expect(output).toBe(`proven=["${first}"]\n`);

  const byDev = await runInWorkflow("evidence.ts", "prod", { PROVEN: `["${first}"]` });
  const byItself = await runInWorkflow("evidence.ts", "prod", { PROVEN: "[]" });

  expect(byDev).toMatchObject({ code: 0, stdout: `The pinned artifact ${first} was proved before.\n` });
  expect(byItself).toMatchObject({ code: 0, stdout: `The pinned artifact ${first} was proved by prod itself.\n` });
});

test("a pinned stack refuses other bytes, says why, and stays as it is", patience, async () => {
  await append("functions/bot.ts", "console.debug('second');");

  const expected = await npm("up", "prod", "--expect", Array.from({ length: 4 }, () => "0".repeat(64)).join("-"));
  const { code, output } = await npm("up", "prod");

  expect(expected.output).toMatch(/the program .* and the stack's file and the artifact and .* have changed\./);
  expect(code).toBe(1);
  expect(output).toMatch(/prod is pinned to the artifact .*, and this clone builds /);
  expect(output).toContain("Not committed: functions/bot.ts.");
  expect(output).not.toMatch(/ (created|updated|deleted) \(/);
});

test("a rollback brings the former artifact back at once, and the channel's URL with it", patience, async () => {
  const second = await commitAndPin("Second");
  const claimed = await runInWorkflow("evidence.ts", "prod", { PROVEN: `["${first}"]` });
  expect(claimed.code).toBe(1);
  expect(claimed.stderr).toContain(`pins the artifact ${second}, and no deployment has proved it`);
  expect(await npm("up", "prod")).toMatchObject({ code: 0 });
  expect((await liveOf("prod")).map(({ sha256 }) => sha256)).toEqual([second, second]);
  const { channelId } = prodChannel;
  const theirs = `${(await outputsOf("prod"))["webhookUrl"]}?theirs`;
  await cloud.line.console.setWebhookUrl({ channelId, url: theirs });

  const refused = await npm("rollback", "prod");

  expect(refused.output).toContain(`--take-over ${theirs}`);
  expect(refused.code).toBe(1);
  expect((await liveOf("prod")).map(({ sha256 }) => sha256)).toEqual([second, second]);
  expect(artifactIn(await prodFile())).toBe(second);

  await cloud.line.console.setWebhookUrl({ channelId, url: "https://localhost:1/theirs" });
  const { code, output } = await npm("rollback", "prod");

  expect(output).toMatch(/webhook was https:\/\/localhost:1\/theirs, and is the stack's again/);
  expect(output).toContain("LINE's own test succeeds.");
  expect(output).toContain("npm run up -- prod --local");
  expect(code).toBe(0);
  expect(second).not.toBe(first);
  expect(artifactIn(await prodFile())).toBe(first);
  expect(await liveOf("prod")).toEqual([
    { version: "1", sha256: first },
    { version: "1", sha256: first },
  ]);
  commit("Roll back");
});

test("a second rollback does not come back to what the first one left", patience, async () => {
  const { code, output } = await npm("rollback", "prod");

  expect(output).toContain("There is no older artifact to go back to");
  expect(code).toBe(1);
  expect(artifactIn(await prodFile())).toBe(first);
});

test("a living URL of somebody else is taken over by its name, for one update", patience, async () => {
  const { channelId } = devChannel;
  const urlOf = async () => {
    const { channels } = await cloud.line.console.overview();
    return channels.find(({ id }) => id === channelId)?.webhook?.endpoint;
  };
  const ours = await urlOf();
  const theirs = `${ours}?theirs`;
  await append("functions/bot.ts", "console.debug('taken over');");

  for (const [url, flags, code] of [
    [theirs, [], 1],
    [theirs, [], 1],
    [theirs, ["--take-over", `${ours}?others`], 1],
    [theirs, ["--take-over", theirs], 0],
  ] as const) {
    await cloud.line.console.setWebhookUrl({ channelId, url });
    const up = await npm("up", "dev", ...flags);
    expect(up.output).toContain(theirs);
    expect(up.code).toBe(code);
    expect(await urlOf()).toBe(code === 0 ? ours : theirs);
  }
  expect(await readFile(path.join(clone.path, "Pulumi.dev.yaml"), "utf8")).not.toContain("takeOver");
  git("checkout", "-q", "functions/bot.ts");
  expect(await npm("up", "dev")).toMatchObject({ code: 0 });
});

test(
  "what LINE's test refuses in prod makes way for what was live, and is not recorded as proved",
  patience,
  async () => {
    const file = path.join(clone.path, "functions/webhook.ts");
    const working = await readFile(file, "utf8");
    await writeFile(file, `${working.replace("export const handler =", "const receiver =")}${failingInProd}`);
    const third = await commitAndPin("Third");

    const { code, output } = await npm("up", "prod");

    expect(code).toBe(1);
    expect(output).toMatch(/LINE could not deliver a test to .*status 401/);
    expect(output).toMatch(/-bot-\w+:live is at version 1 again\. \S+-bot-worker-\w+:live is at version 1 again\./);
    expect(output).toMatch(/The state is made to say so:[^]*aws:lambda:Alias bot updated/);
    expect(await liveOf("prod")).toEqual([
      { version: "1", sha256: first },
      { version: "1", sha256: first },
    ]);
    expect(await outputsOf("prod")).not.toMatchObject({ provenArtifact: third });
    const { channels } = await cloud.line.console.overview();
    const { channelId } = prodChannel;
    const userId = channels.find(({ id }) => id === channelId)?.people[0]?.userId ?? "";
    const { delivery } = await cloud.line.console.sendText({ channelId, userId, text: "hi" });
    expect(delivery).toMatchObject({ success: true });
  },
);

/** What the first look at the version does not find. */
const failingInProd = `
export const handler: typeof receiver = async (request, context) =>
  env["LINE_BOT_USER_ID"] === "${prodChannel.userId}" && request.requestContext?.requestId !== "proof"
    ? { statusCode: 401 }
    : receiver(request, context);
`;
