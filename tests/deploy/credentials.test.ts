import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startLocalAws } from "@pulumi-line-bot/aws-offline/aws";
import { type LineSimulator, startLineSimulator } from "@pulumi-line-bot/line-simulator/simulator";
import { devChannel, loginChannel, prodChannel } from "@pulumi-line-bot/line-simulator/seed";
import { ProviderClient } from "../../packages/aws-offline/tests/support/provider-client.ts";
import { makeInstalledClone } from "../support/clone.ts";
import { toOwnerConfig } from "../../packages/aws-offline/tests/support/owner-config.ts";
import { findOrphans } from "../support/processes.ts";

/** A stack on "AWS": the command `pulumi` on the path is the embedded engine's, which has the same words. */
const stack = "dev";
const dev = pick(devChannel);
const prod = pick(prodChannel);

function pick({ channelId, channelSecret }: { channelId: string; channelSecret: string }) {
  return { channelId, channelSecret };
}

let line: LineSimulator;
let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let env: Record<string, string>;
/** The stack's file with the simulator's address, and without a channel. */
let fresh: Buffer;
/** All that the command printed, and the arguments of every `pulumi` that it ran. */
const said: string[] = [];

beforeAll(async () => {
  [line, clone] = await Promise.all([startLineSimulator(), makeInstalledClone()]);
  const state = path.join(clone.path, ".state");
  const bin = path.join(state, "bin");
  await mkdir(bin, { recursive: true });
  const log = path.join(state, "arguments");
  const command = path.join(bin, "pulumi");
  await writeFile(
    command,
    `#!/bin/sh\necho "$@" >> ${log}\nexec ${path.join(clone.path, "packages/pulumi-engine/bin/pulumi")} "$@"\n`,
  );
  await chmod(command, 0o755);
  env = {
    PATH: `${bin}:${process.env["PATH"]}`,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "of the test",
    PWD: clone.path,
  };
  await pulumi("stack", "init", stack);
  await pulumi("config", "set", "line:apiUrl", line.url, "-s", stack);
  fresh = await readFile(stackFile());
}, 300_000);
afterAll(async () => {
  await line.close();
  await clone[Symbol.asyncDispose]();
});

beforeEach(() => writeFile(stackFile(), fresh));

const stackFile = () => path.join(clone.path, `Pulumi.${stack}.yaml`);

interface Ended {
  code: number | null;
  output: string;
}

async function run(file: string, args: string[], input: string, more: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(file, args, { cwd: clone.path, env: { ...process.env, NO_COLOR: "1", ...env, ...more } });
  child.stdin.on("error", () => {}).end(input);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, output: stdout + stderr };
}

async function pulumi(...args: string[]): Promise<string> {
  const { code, output } = await run("pulumi", args, "");
  if (code !== 0) throw new Error(output);
  return output.trim();
}

async function credentials(input: unknown, args: string[] = [], more: Record<string, string> = {}): Promise<Ended> {
  const given = typeof input === "string" ? input : JSON.stringify(input);
  const command = ["deploy/run.cjs", "deploy/commands/credentials.ts", stack, ...args];
  const ended = await run(process.execPath, command, given, more);
  said.push(ended.output);
  return ended;
}

test("credentials that LINE confirms are encrypted in the stack's file, with the pin to their bot", async () => {
  const { code, output } = await credentials(dev);

  expect(output).toContain(`These are the credentials of "Dev bot" (@001devbt, ${devChannel.userId})`);
  expect(output).toContain("npm run up -- dev");
  expect(code).toBe(0);
  const file = await readFile(stackFile(), "utf8");
  expect(file).toMatch(/line:channelId: "2000000001"/);
  expect(file).toMatch(/line:channelSecret:\n +secure: /);
  expect(file).toContain(`line:bot: ${devChannel.userId}`);
  expect(file).toContain("# Destroyed and made again within the hour");
  expect(await pulumi("config", "get", "line:channelSecret", "-s", stack)).toBe(dev.channelSecret);
});

test("a long-lived token is written too, and goes when other credentials come without one", async () => {
  await credentials({ ...dev, channelAccessToken: devChannel.channelAccessToken });
  expect(await pulumi("config", "get", "line:channelAccessToken", "-s", stack)).toBe(devChannel.channelAccessToken);

  await credentials(dev);

  expect(await readFile(stackFile(), "utf8")).not.toContain("channelAccessToken");
});

describe("what cannot be right is refused, and nothing is written", () => {
  test.each<[what: string, input: unknown, says: RegExp, more?: Record<string, string>]>([
    ["nothing at all", "", /Nothing came by standard input\. Give it JSON/],
    ["no JSON", `{"channelId":"${dev.channelId}","channelSecret":"canary-91b2`, /is not JSON/],
    ["no secret", { channelId: "1" }, /channelSecret is missing or not a string/],
    ["an ID that is none", { ...dev, channelId: "canary-91b2" }, /channelId is not made of digits/],
    ["white space", { ...dev, channelSecret: "canary-91b2 " }, /channelSecret is empty or has white space in it/],
    [
      "a former channel secret",
      { ...dev, channelSecret: "canary-91b2" },
      /LINE refused to issue an access token: 400.*of its present secret/,
    ],
    ["a LINE Login channel", pick(loginChannel), /a channel without a bot, such as a LINE Login channel/],
    ["a revoked token", { ...dev, channelAccessToken: "canary-91b2" }, /it was revoked/],
    [
      "another bot's token",
      { ...dev, channelAccessToken: prodChannel.channelAccessToken },
      /The access token is that of "Prod bot".*those of "Dev bot".*from one channel/,
    ],
    ["no Pulumi CLI", dev, /The Pulumi CLI is not on the path/, { PATH: path.dirname(process.execPath) }],
    ["a wrong passphrase", dev, /passphrase/, { PULUMI_CONFIG_PASSPHRASE: "another" }],
  ])("%s", async (_what, input, says, more) => {
    const before = await readFile(stackFile());
    const files = await readdir(clone.path);

    const { code, output } = await credentials(input, [], more);

    expect(output).toMatch(says);
    expect(output).not.toMatch(/\n +at /);
    expect(code).toBe(1);
    expect(await readFile(stackFile())).toEqual(before);
    expect(await readdir(clone.path)).toEqual(files);
  });

  test("a LINE that cannot be reached", async () => {
    await pulumi("config", "set", "line:apiUrl", "http://localhost:9999", "-s", stack);

    const { code, output } = await credentials(dev);

    expect(output).toMatch(/LINE \(http:\/\/localhost:9999\) could not be asked: .*Nothing was written/);
    expect(code).toBe(1);
  });

  test("a stack that there is not", async () => {
    const { code, output } = await run(
      process.execPath,
      ["deploy/run.cjs", "deploy/commands/credentials.ts", "nope"],
      "",
    );

    expect(output).toMatch(/no stack named 'nope' found: `pulumi stack init nope` makes one/);
    expect(code).toBe(1);
  });
});

test("another bot than the pinned one is taken only when that is confirmed", async () => {
  await credentials(dev);

  const refused = await credentials(prod);
  expect(refused.output).toMatch(/pinned to U\w+ \(line:bot\): .* move it to this bot/);
  expect(refused.output).toContain("add `--yes`");
  expect(refused.code).toBe(1);
  expect(await pulumi("config", "get", "line:bot", "-s", stack)).toBe(devChannel.userId);

  const confirmed = await credentials(prod, ["--yes"]);
  expect(confirmed.code).toBe(0);
  expect(await pulumi("config", "get", "line:bot", "-s", stack)).toBe(prodChannel.userId);
});

test("a pin by basic ID stays as it is", async () => {
  await pulumi("config", "set", "line:bot", devChannel.basicId, "-s", stack);

  await credentials(dev);

  expect(await pulumi("config", "get", "line:bot", "-s", stack)).toBe(devChannel.basicId);
});

/** Other systems have one with other options. */
const script = "/usr/bin/script";
const hasScript = process.platform === "linux" && existsSync(script);

describe.skipIf(!hasScript)("on a terminal (util-linux's `script` makes one)", () => {
  /** Answers each question when it is asked. */
  async function answer(...answers: [question: string, keys: string][]): Promise<Ended> {
    const command = `${process.execPath} deploy/run.cjs deploy/commands/credentials.ts ${stack}`;
    const child = spawn(script, ["--quiet", "--return", "--command", command, "/dev/null"], {
      cwd: clone.path,
      env: { ...process.env, ...env },
    });
    let output = "";
    const left = [...answers];
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      const [next] = left;
      if (next === undefined || !output.includes(next[0])) return;
      left.shift();
      child.stdin.write(next[1]);
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    said.push(output);
    return { code, output };
  }

  test("they are asked for without an echo, and written after a yes", async () => {
    const { code, output } = await answer(
      ["Channel ID", "2000000001\r"],
      ["Channel secret", `${dev.channelSecret}\r`],
      ["Long-lived access token", "\r"],
      ["Write them to stack dev?", "y\r"],
    );

    expect(stripVTControlCharacters(output)).toContain("Channel ID (Basic settings): 2000000001");
    expect(output).toContain('These are the credentials of "Dev bot"');
    expect(output).not.toContain(dev.channelSecret.slice(0, 4));
    expect(code).toBe(0);
    expect(await pulumi("config", "get", "line:channelSecret", "-s", stack)).toBe(dev.channelSecret);
  });

  test.each<[what: string, last: [question: string, keys: string], says: string]>([
    ["anything but a yes", ["Write them to stack dev?", "\r"], "Nothing was written."],
    ["Ctrl+C", ["Write them to stack dev?", "\u0003"], "Stopped. Nothing was written."],
    ["the end of the input", ["Write them to stack dev?", "\u0004"], "Stopped. Nothing was written."],
  ])("%s writes nothing", async (_what, last, says) => {
    const { code, output } = await answer(
      ["Channel ID", "2000000001\r"],
      ["Channel secret", `${dev.channelSecret}\r`],
      ["Long-lived access token", "\r"],
      last,
    );

    expect(output).toContain(says);
    expect(code).toBe(1);
    expect(await readFile(stackFile())).toEqual(fresh);
  });
});

describe("where somebody else's secret holds the credentials", () => {
  async function startAws() {
    const aws = await startLocalAws({ dataDir: await mkdtemp(path.join(tmpdir(), "credentials-")) });
    onTestFinished(() => aws.close());
    const access = {
      AWS_ENDPOINT_URL: aws.endpointUrl,
      AWS_ACCESS_KEY_ID: aws.accessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.accessKey.secretAccessKey,
    };
    return { aws, access };
  }

  test("they go there and not into the configuration, which gets the pin", async () => {
    const { aws, access } = await startAws();
    const provider = new ProviderClient(aws.providerPort);
    onTestFinished(() => provider.close());
    await provider.configure();
    const { id } = await provider.create("aws:secretsmanager/secret:Secret", "theirs", {});
    await pulumi("config", "set", "--plaintext", "line:credentialsSecret", id, "-s", stack);

    const { code, output } = await credentials(dev, [], access);

    expect(output).toContain(`The credentials are in the secret ${id}`);
    expect(code).toBe(0);
    const client = new SecretsManagerClient(toOwnerConfig(aws));
    onTestFinished(() => client.destroy());
    const { SecretString = "" } = await client.send(new GetSecretValueCommand({ SecretId: id }));
    expect(JSON.parse(SecretString)).toEqual(dev);
    const file = await readFile(stackFile(), "utf8");
    expect(file).toContain(`line:bot: ${devChannel.userId}`);
    expect(file).not.toContain("line:channel");
  });

  test("a secret that there is not stops before anything is written", async () => {
    const { access } = await startAws();
    const arn = "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:none-AbCdEf";
    await pulumi("config", "set", "--plaintext", "line:credentialsSecret", arn, "-s", stack);
    const before = await readFile(stackFile());

    const { code, output } = await credentials(dev, [], access);

    expect(output).toContain(`The secret ${arn} (line:credentialsSecret) does not exist`);
    expect(code).toBe(1);
    expect(await readFile(stackFile())).toEqual(before);
  });
});

test("the local stack takes credentials before its first deployment, from a cloud of the command's own", async () => {
  const port = new URL(line.url).port;
  const command = [
    "deploy/run.cjs",
    "deploy/commands/credentials.ts",
    "local",
    "--stdin",
    "--port",
    String(Number(port) - 1),
  ];

  const { code, output } = await run(process.execPath, command, JSON.stringify(prod));

  expect(output).toContain('These are the credentials of "Prod bot"');
  expect(code).toBe(0);
  const file = await readFile(path.join(clone.path, "Pulumi.local.yaml"), "utf8");
  expect(file).toContain(`line:bot: ${prodChannel.userId}`);
  expect(file).toContain('line:channelId: "2000000002"');
  expect(await findOrphans(clone.path)).toEqual([]);
});

test("no secret was printed, nor an argument of a process", async () => {
  const log = await readFile(path.join(clone.path, ".state", "arguments"), "utf8");
  const all = [...said, log].join("\n");

  expect(log).toContain("config set --secret line:channelSecret");
  for (const value of [
    dev.channelSecret,
    prod.channelSecret,
    loginChannel.channelSecret,
    "canary-91b2",
    devChannel.channelAccessToken,
  ]) {
    for (const form of [value, Buffer.from(value).toString("base64"), encodeURIComponent(value)]) {
      expect(all).not.toContain(form);
    }
  }
});
