import { toOwnerConfig } from "../../packages/aws-offline/tests/support/owner-config.ts";
/** What a deployment proves before it says that it is done. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { GetAliasCommand, LambdaClient, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { examine } from "../../deploy/doctor/examine.ts";
import { localStack, toTarget } from "../../deploy/local-stack.ts";
import { pulumiFor, pulumiText } from "../../deploy/pulumi-command.ts";
import type { AwsTrace } from "@pulumi-line-bot/aws-offline/aws";
import type { EngineEvent } from "@pulumi-line-bot/pulumi-engine/engine";
import { devChannel, prodChannel } from "@pulumi-line-bot/line-simulator/seed";
import { makeInstalledClone } from "../support/clone.ts";
import { deploy, resourceCount } from "./deployed.ts";

const otherBot =
  'import { defineBot } from "./bot-interface.ts";\n\nexport default defineBot({ message: { async text({ reply }) { await reply("ok"); } } });\n';
const credulous = "export const handler = async () => ({ statusCode: 200 });\n";

// Each update takes seconds, and a test has some of them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let bot: Awaited<ReturnType<typeof deploy>>;
let receiver = "";
let lambda: LambdaClient;
let secrets: SecretsManagerClient;
const traces: AwsTrace[] = [];

beforeAll(async () => {
  clone = await makeInstalledClone();
  receiver = await readFile(path.join(clone.path, "functions", "webhook.ts"), "utf8");
  bot = await deploy({ projectDir: clone.path, onTrace: (trace) => traces.push(trace) });
  lambda = new LambdaClient(toOwnerConfig(bot.cloud.aws));
  secrets = new SecretsManagerClient(toOwnerConfig(bot.cloud.aws));
});
afterAll(async () => {
  lambda.destroy();
  secrets.destroy();
  await bot[Symbol.asyncDispose]();
  await clone[Symbol.asyncDispose]();
});

const output = (name: string) => v.parse(v.string(), bot.outputs[name]);

async function examineBot() {
  const target = toTarget(bot.cloud);
  const pulumi = pulumiFor(target);
  const world = { stack: localStack, target, pulumi, lineTest: false, drift: false, build: false };
  const { diagnoses } = await examine(world, () => {});
  return diagnoses;
}

async function up(configOverrides: Record<string, string> = {}) {
  const said: string[] = [];
  const { result, changes } = await bot.operate("up", {
    configOverrides: { "line:apiUrl": bot.cloud.line.url, ...configOverrides },
    onEvent: ({ diagnosticEvent }) => void (diagnosticEvent && said.push(diagnosticEvent.message)),
  });
  return { result, changes, said: said.join("\n") };
}

const ping = JSON.stringify({ destination: devChannel.userId, events: [] });

/** Does it as a person would. */
async function configure(key: string, value: string) {
  const pulumi = { ...pulumiFor(toTarget(bot.cloud)), cwd: clone.path };
  await pulumiText(pulumi, ["config", "set", "--secret", key, "--stack", localStack], value);
}

const { channelId } = devChannel;
const reissue = async () => (await bot.cloud.line.console.reissueSecret({ channelId })).channelSecret;
const current = () =>
  secrets.send(new GetSecretValueCommand({ SecretId: output("credentialsSecret") })).then(({ VersionId }) => VersionId);
const liveVersion = () =>
  lambda
    .send(new GetAliasCommand({ FunctionName: output("functionName"), Name: "live" }))
    .then(({ FunctionVersion }) => FunctionVersion);

test("the forged webhooks of a deployment and of a doctor are three each, and no attack", async () => {
  const refused = () => traces.filter((trace) => trace.kind === "log" && /"status":401/.test(trace.message)).length;
  const ofDeployment = refused();

  await examineBot();

  expect([ofDeployment, refused()]).toEqual([3, 6]);
});

describe("a handler that checks no signature", () => {
  const replaceReceiver = (source: string) => writeFile(path.join(clone.path, "functions", "webhook.ts"), source);
  beforeAll(() => replaceReceiver(credulous));
  afterAll(() => replaceReceiver(receiver));

  test("is not proved and does not go live", async () => {
    const { result, said } = await up();

    expect(result).toBe("failed");
    expect(said).toMatch(/Version 2 of the function takes a webhook with the signature of another body/);
    expect((await bot.send("POST", "/webhook", ping)).status).toBe(401);
    expect((await bot.post(ping)).status).toBe(200);
  });

  test("is found by the doctor where it is live all the same", async () => {
    const move = (FunctionVersion: string) =>
      lambda.send(new UpdateAliasCommand({ FunctionName: output("functionName"), Name: "live", FunctionVersion }));
    await move("2");

    const diagnoses = await examineBot();
    await move("1");

    expect(diagnoses.find(({ link }) => link === "Answers in time")?.status).toBe("ok");
    expect(diagnoses.find(({ link }) => link === "Refuses forgeries")).toMatchObject({
      status: "failed",
      says: expect.stringMatching(
        /Anyone can speak to the bot.*the signature of another body is answered with 200.*no signature.*another secret/,
      ),
    });
  });
});

describe("a channel secret that", () => {
  let channelSecret: string = devChannel.channelSecret;
  const converse = async () => {
    const { console } = bot.cloud.line;
    const { channels } = await console.overview({});
    const userId = channels.find(({ id }) => id === channelId)?.people[0]?.userId ?? "";
    const answer = console.nextMessage({ channelId, userId });
    await console.sendText({ channelId, userId, text: "hello" });
    const { content } = await answer;
    return "text" in content ? content.text : content.type;
  };
  const ask = async (secret: string = channelSecret) => (await bot.post(ping, secret)).status;

  test("is not the channel's fails the update before anything has it, and the bot goes on answering", async () => {
    const before = [await current(), await liveVersion()];
    await configure("line:channelSecret", "0123456789abcdef0123456789abcdef");

    const { result, said } = await up();

    expect(result).toBe("failed");
    expect(said).toMatch(
      /LINE refused to issue an access token: 400.*Nothing was changed.*`pulumi config set --secret line:channelSecret -s local`/,
    );
    expect(said).not.toContain("0123456789abcdef");
    expect([await current(), await liveVersion()]).toEqual(before);
    expect(await ask()).toBe(200);
  });

  test("is not the channel's keeps good code from going live, too", async () => {
    const before = await liveVersion();
    await writeFile(path.join(clone.path, "functions", "bot.ts"), otherBot);

    const { result } = await up();

    expect(result).toBe("failed");
    expect([await liveVersion(), await ask()]).toEqual([before, 200]);
  });

  test("was reissued is proved together with the code, and known to the bot when the update is through", async () => {
    const before = [await current(), await liveVersion()];
    channelSecret = await reissue();
    await configure("line:channelSecret", channelSecret);

    const { result, said } = await up();

    expect(result, said).toBe("succeeded");
    expect(await Promise.all([1, 2, 3].map(() => ask()))).toEqual([200, 200, 200]);
    expect(await ask(devChannel.channelSecret)).toBe(401);
    expect(await converse()).toBe("ok");
    expect(await current()).not.toBe(before[0]);
    expect(await liveVersion()).not.toBe(before[1]);
  });

  test("was reissued stays where the code that comes with it fails: the former one is worth nothing", async () => {
    const before = await liveVersion();
    channelSecret = await reissue();
    await configure("line:channelSecret", channelSecret);
    await writeFile(path.join(clone.path, "functions", "bot.ts"), 'throw new Error("broken");\n');

    const { result } = await up();
    await writeFile(path.join(clone.path, "functions", "bot.ts"), otherBot);

    expect(result).toBe("failed");
    expect(await liveVersion()).toBe(before);
    await expect.poll(() => ask(), { interval: 500 }).toBe(200);
    expect((await up()).result).toBe("succeeded");
  });

  test("is of another bot, which the stack is not pinned to, comes in no more than a wrong one", async () => {
    const before = await current();
    await configure("line:channelSecret", prodChannel.channelSecret);

    const { result, said } = await up({ "line:channelId": prodChannel.channelId });

    expect(result).toBe("failed");
    expect(said).toMatch(/those of "Prod bot".*channel 2000000001.*`pulumi config set line:bot U\w{32} -s local`/);
    expect([await current(), await ask()]).toEqual([before, 200]);
  });

  test("comes with a long-lived token that LINE does not know keeps out both", async () => {
    const before = await current();
    await configure("line:channelSecret", channelSecret);
    await configure("line:channelAccessToken", "never-issued");

    const { result, said } = await up();

    expect(result).toBe("failed");
    expect(said).toMatch(/LINE does not know this access token/);
    expect([await current(), await ask()]).toEqual([before, 200]);
  });

  test("is stored, and nothing more, as by an update that was cut off, is gone on with by the next", async () => {
    await configure("line:channelAccessToken", devChannel.channelAccessToken);
    const cutOff = new AbortController();
    const onEvent = ({ resOutputsEvent }: EngineEvent) => {
      if (resOutputsEvent?.metadata.type.endsWith(":SecretVersion")) cutOff.abort();
    };
    const before = [await current(), await liveVersion()];
    const configOverrides = { "line:apiUrl": bot.cloud.line.url };
    const { result } = await bot.operate("up", { signal: cutOff.signal, onEvent, configOverrides });
    const between = [await current(), await liveVersion()];

    const next = await up();

    expect([result, between[1]]).toEqual(["failed", before[1]]);
    expect(between[0]).not.toBe(before[0]);
    expect(next.result, next.said).toBe("succeeded");
    expect(await liveVersion()).not.toBe(before[1]);
  });

  test("is proved is what a refresh and the next update find", async () => {
    expect((await bot.operate("refresh")).changes).toEqual({ same: resourceCount });
    expect((await up()).changes).toEqual({ same: resourceCount });
  });
});

describe("a secret that somebody else fills", () => {
  const program = (name: string) => `
import * as aws from "@pulumi/aws";

const secret = new aws.secretsmanager.Secret("${name}", { recoveryWindowInDays: 0 });
export const arn = secret.arn;
`;
  let arn = "";
  const fill = (credentials: object) =>
    secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: JSON.stringify(credentials) }));
  const upWithTheirs = () => up({ "line:credentialsSecret": arn });

  beforeAll(async () => {
    const theirs = path.join(clone.path, "theirs");
    await mkdir(theirs);
    await writeFile(path.join(theirs, "package.json"), '{"type":"module"}');
    await writeFile(path.join(theirs, "index.ts"), program("channel"));
    const runtime = "runtime:\n  name: nodejs\n  options: { typescript: false }\n";
    await writeFile(path.join(theirs, "Pulumi.yaml"), `name: theirs\nmain: index.ts\n${runtime}`);
    const configOverrides = { "aws:region": "ap-northeast-1" };
    const { outputs } = await bot.operate("up", { projectDir: theirs, stack: "theirs", configOverrides });
    arn = v.parse(v.string(), outputs["arn"]);
  });

  test("is proved again when it has another version, and only then", async () => {
    await fill({ channelId, channelSecret: await reissue() });
    const first = await upWithTheirs();
    const before = await liveVersion();
    const same = await upWithTheirs();
    const channelSecret = await reissue();
    await fill({ channelId, channelSecret });

    const { result, said } = await upWithTheirs();

    expect(first.result, first.said).toBe("succeeded");
    expect(Object.keys(same.changes)).toEqual(["same"]);
    expect(result, said).toBe("succeeded");
    expect(await liveVersion()).not.toBe(before);
    expect((await bot.post(ping, channelSecret)).status).toBe(200);
  });

  test("is found out where it is wrong", async () => {
    await fill({ channelId, channelSecret: "0123456789abcdef0123456789abcdef" });

    const { result, said } = await upWithTheirs();

    expect(result).toBe("failed");
    expect(said).toMatch(/LINE refused to issue an access token/);
  });
});

test("a destroy leaves nothing, whatever the secret went through", async () => {
  const { result } = await bot.operate("destroy");

  expect(result).toBe("succeeded");
});
