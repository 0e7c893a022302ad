import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, copyFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { generate } from "selfsigned";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Diagnosis, examine } from "../../deploy/doctor/examine.ts";
import { judgeAnswers } from "../../deploy/doctor/endpoint-links.ts";
import type { Facts, World } from "../../deploy/doctor/link.ts";
import { alarmsHeard, judgeSubscriptions } from "../../deploy/doctor/queue-links.ts";
import { localStack, root, toTarget } from "../../deploy/local-stack.ts";
import { pulumiFor, pulumiText } from "../../deploy/pulumi-command.ts";
import { startLocalAws } from "@pulumi-line-bot/aws-offline/aws";
import { devChannel, loginChannel, prodChannel } from "@pulumi-line-bot/line-simulator/seed";
import { deploy } from "../e2e/deployed.ts";
import { toOwnerConfig } from "../../packages/aws-offline/tests/support/owner-config.ts";

let bot: Awaited<ReturnType<typeof deploy>>;
let secrets: SecretsManagerClient;
const said: string[] = [];
const { channelId, channelSecret } = devChannel;
const ofDev = { channelId, channelSecret };

beforeAll(async () => {
  bot = await deploy();
  secrets = new SecretsManagerClient(toOwnerConfig(bot.cloud.aws));
}, 300_000);
afterAll(async () => {
  secrets.destroy();
  await bot[Symbol.asyncDispose]();
});

/** Back to a chain without a fault. */
afterEach(async () => {
  const { console } = bot.cloud.line;
  await console.clearFaults();
  await console.setSettings({ channelId, useWebhook: true });
  await console.setWebhookUrl({ channelId, url: output("webhookUrl") });
  await fill(ofDev);
});

const output = (name: string) => v.parse(v.string(), bot.outputs[name]);
const fill = (credentials: unknown) =>
  secrets.send(
    new PutSecretValueCommand({
      SecretId: output("credentialsSecret"),
      SecretString: typeof credentials === "string" ? credentials : JSON.stringify(credentials),
    }),
  );

async function look(change: Partial<World> = {}): Promise<Diagnosis[]> {
  const target = toTarget(bot.cloud);
  const world = {
    stack: localStack,
    target,
    pulumi: pulumiFor(target),
    lineTest: false,
    drift: false,
    build: false,
    ...change,
  };
  const { diagnoses } = await examine(world, ({ says, todo }) => said.push(says, todo ?? ""));
  return diagnoses;
}

/** The local cloud with something else in its place. */
const targetWith = (change: Partial<ReturnType<typeof toTarget>>) => ({ ...toTarget(bot.cloud), ...change });
const targetWithAws = (url: string, { accessKeyId, secretAccessKey } = bot.cloud.aws.accessKey) => {
  const access = { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return targetWith({ env: { ...bot.cloud.env, ...access } });
};

/** Secrets Manager as only the doctor sees it: the function still has its own. */
async function serveSecret(credentials: object): Promise<string> {
  const answer = JSON.stringify({ SecretString: JSON.stringify(credentials) });
  const server = createServer((_request, response) => void response.end(answer)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A project folder of the test's own, with the local stack's settings and some more. */
async function pulumiIn(settings: string) {
  const cwd = await mkdtemp(path.join(tmpdir(), "doctor-"));
  await copyFile(path.join(root, "Pulumi.yaml"), path.join(cwd, "Pulumi.yaml"));
  const own = await readFile(path.join(root, "Pulumi.local.yaml"), "utf8");
  await writeFile(path.join(cwd, "Pulumi.local.yaml"), own.trimEnd() + settings);
  return { ...pulumiFor(toTarget(bot.cloud)), cwd };
}

/** The embedded engine's command, with one word of what it prints changed. */
async function pulumiThatSays(word: string, other: string) {
  const pulumi = await pulumiIn("\n");
  const file = path.join(pulumi.cwd, "pulumi");
  await writeFile(file, `#!/bin/sh\n"${pulumi.file}" "$@" | sed 's/${word}/${other}/'\n`);
  await chmod(file, 0o755);
  return { ...pulumi, file };
}

test("every link of a deployed stack is fine, and says by which facts", async () => {
  const diagnoses = await look({ lineTest: true, drift: true, build: true });

  expect(diagnoses.map(({ link, status }) => [link, status])).toEqual([
    ["Node and Pulumi", "ok"],
    // Anyone who works on the sources has not committed them yet.
    ["Reproducible", expect.stringMatching(/^(ok|warning)$/)],
    ["Stack", "ok"],
    ["Credentials", "ok"],
    ["Access token", "ok"],
    ["Bot", "ok"],
    ["Webhook URL", "ok"],
    ["Use webhook", "ok"],
    ["Certificate and TLS", "ok"],
    ["Answers in time", "ok"],
    ["Refuses forgeries", "ok"],
    ["Test by LINE", "ok"],
    ["Queue", "ok"],
    ["Dead letters", "ok"],
    ["Alarms", "ok"],
    ["Alarms heard", "ok"],
    ["Artifact", "ok"],
    ["Drift", "ok"],
  ]);
  const all = diagnoses.map(({ says }) => says).join("\n");
  expect(all).toContain(`Node ${process.versions.node}`);
  expect(all).toContain(output("webhookUrl"));
  expect(all).toContain('"Dev bot" (@001devbt');
  expect(all).toMatch(/TLSv1\.3, valid until \d{4}-/);
  expect(all).toMatch(/first \d+ ms, then \d+ ms \(median\); LINE waits 2 s/);
  expect(all).toContain("one of 60 an hour");
  expect(all).toContain(output("artifactSha256").slice(0, 12));
});

test("a subscription to the alarms that waits for its confirmation is a broken link", async () => {
  const target = toTarget(bot.cloud);
  const here = { stack: localStack, target, pulumi: pulumiFor(target), lineTest: false, drift: false, build: false };
  const configOverrides = { "line:apiUrl": bot.cloud.line.url, "line-bot:alarmEmail": "ops@example.com" };
  await bot.operate("up", { configOverrides });
  const { facts } = await examine(here, () => {});

  const finding = await alarmsHeard.check(facts as Facts, { ...here, target: undefined });

  expect(finding).toMatchObject({
    status: "failed",
    says: "an alarm reaches nobody: 1 subscription waits to be confirmed",
    todo: expect.stringContaining("Follow the link in AWS's mail"),
  });
});

const pending = { SubscriptionArn: "PendingConfirmation" };
const confirmed = { SubscriptionArn: "arn:aws:sns:ap-northeast-1:123456789012:alarms:1" };

test.each([
  ["failed", "none at all", [], { alarmEmail: undefined }, /its topic has no subscription/],
  ["failed", "one that waits", [pending], { alarmEmail: "ops@example.com" }, /1 subscription waits/],
  ["failed", "one that waits, beside `none`", [pending], { alarmEmail: "none" }, /1 subscription waits/],
  ["failed", "one that was ended", [{ SubscriptionArn: "Deleted" }], { alarmEmail: "ops@example.com" }, /was ended/],
  ["ok", "one that is confirmed", [pending, confirmed], { alarmEmail: undefined }, /reaches 1 subscription/],
  ["ok", "none, as the stack has it", [], { alarmEmail: "none" }, /as line-bot:alarmEmail has it/],
  ["ok", "none, on this machine", [], { alarmEmail: undefined, isOnThisMachine: true }, /terminal/],
] as const)("alarms are %s with %s", (status, _what, subscriptions, stack, says) => {
  const finding = judgeSubscriptions([...subscriptions], { stack: "prod", isOnThisMachine: false, ...stack });

  expect(finding).toMatchObject({ status, says: expect.stringMatching(says) });
});

interface Fault {
  /** The name of the link that is broken. */
  link: string;
  fault: string;
  says: RegExp;
  todo: RegExp;
  status?: Diagnosis["status"];
  /** Links before it that the fault breaks too. */
  also?: string[];
  break: () => Promise<Partial<World> | void> | Partial<World> | void;
}

const faults: Fault[] = [
  {
    link: "Node and Pulumi",
    fault: "no Pulumi CLI",
    says: /The Pulumi CLI is not on the path\. Install it/,
    todo: /runs by itself/,
    break: () => ({ pulumi: { ...pulumiFor(toTarget(bot.cloud)), file: "pulumi", env: { PATH: "/nowhere" } } }),
  },
  {
    link: "Stack",
    fault: "no such stack",
    says: /no stack named 'nope' found/,
    todo: /pulumi stack init nope/,
    break: () => ({ stack: "nope" }),
  },
  {
    link: "Stack",
    fault: "a stack that was never deployed",
    says: /empty is not deployed.*no webhookUrl/,
    todo: /npm run up -- empty/,
    async break() {
      const pulumi = await pulumiIn("\n");
      await pulumiText(pulumi, ["stack", "init", "empty", "--no-select"]);
      return { stack: "empty", pulumi };
    },
  },
  {
    link: "Credentials",
    fault: "a secret that is gone",
    says: /The secret arn:aws:secretsmanager:\S+ does not exist/,
    todo: /npm run credentials -- local/,
    async break() {
      const other = await startLocalAws({ dataDir: await mkdtemp(path.join(tmpdir(), "doctor-")) });
      onTestFinished(() => other.close());
      return { target: targetWithAws(other.endpointUrl, other.accessKey) };
    },
  },
  {
    link: "Credentials",
    fault: "an AWS that cannot be reached",
    says: /ECONNREFUSED/,
    todo: /default credential chain/,
    break: () => ({ target: targetWithAws("http://127.0.0.1:1") }),
  },
  {
    link: "Credentials",
    fault: "a secret that is another account's",
    says: /is of the account 000000000000, and aws:allowedAccountIds allows this stack only 111111111111/,
    todo: /default credential chain/,
    break: async () => ({ pulumi: await pulumiThatSays('000000000000\\\\"]"', '111111111111\\\\"]"') }),
  },
  {
    link: "Access token",
    fault: "a LINE that cannot be reached",
    says: /fetch failed/,
    todo: /api\.line-status\.info/,
    break: () => ({ target: targetWith({ lineUrl: "http://localhost:1" }) }),
  },
  {
    link: "Bot",
    fault: "a pin to another bot",
    says: /those of "Dev bot".* pinned to @002prdbt \(line:bot\)/,
    todo: /npm run credentials -- local/,
    break: async () => ({ pulumi: await pulumiIn('\n  line:bot: "@002prdbt"\n') }),
  },
  {
    link: "Webhook URL",
    fault: "a URL that somebody typed into the console",
    says: /The channel's is https:\/\/localhost:1\/theirs, and this stack's is https:\/\/localhost:\d+\/webhook/,
    todo: /npm run up -- local --refresh/,
    break: async () =>
      void (await bot.cloud.line.console.setWebhookUrl({ channelId, url: "https://localhost:1/theirs" })),
  },
  {
    link: "Webhook URL",
    fault: "a channel without a URL",
    says: /The channel has no webhook URL/,
    todo: /npm run up -- local --refresh/,
    break: () => bot.cloud.line.reset(),
  },
  {
    link: "Use webhook",
    fault: '"Use webhook" off',
    says: /off: LINE sends nothing/,
    todo: /Only the console can switch it on: http:\/\/localhost:\d+\/console$/,
    break: async () => void (await bot.cloud.line.console.setSettings({ channelId, useWebhook: false })),
  },
  {
    link: "Certificate and TLS",
    fault: "a certificate of an authority that nobody trusts",
    says: /would not trust the certificate of localhost:\d+: .*(authority|chain)/,
    todo: /public authority, with its chain/,
    async break() {
      const { cert } = await generate([{ name: "commonName", value: "another authority" }]);
      return { target: targetWith({ certificateAuthority: cert }) };
    },
  },
  {
    link: "Certificate and TLS",
    fault: "an endpoint where nobody listens",
    also: ["Webhook URL"],
    says: /ECONNREFUSED/,
    todo: /resolve and reach/,
    break: async () => ({ pulumi: await pulumiThatSays('localhost:[0-9]*.webhook"', 'localhost:1\\/webhook"') }),
  },
  {
    link: "Answers in time",
    fault: "a URL without a route",
    also: ["Webhook URL"],
    says: /answered with 404/,
    todo: /no route POST/,
    break: async () => ({ pulumi: await pulumiThatSays('\\/webhook"', '\\/elsewhere"') }),
  },
  {
    link: "Test by LINE",
    fault: "an endpoint that LINE does not reach",
    also: ["Webhook URL", "Certificate and TLS"],
    says: /LINE's own call failed: COULD_NOT_CONNECT/,
    todo: /firewall/,
    async break() {
      return { lineTest: true, pulumi: await pulumiThatSays('localhost:[0-9]*.webhook"', 'localhost:1\\/webhook"') };
    },
  },
  {
    link: "Test by LINE",
    fault: "an hour's tests used up",
    says: /LINE answered POST \/v2\/bot\/channel\/webhook\/test with 429/,
    todo: /60 tests are used up.*--no-line-test/,
    async break() {
      await bot.cloud.line.console.addFault({ on: "api", operation: "testWebhookEndpoint", status: 429, times: 1 });
      return { lineTest: true };
    },
  },
  {
    link: "Artifact",
    fault: "code that the stack did not deploy",
    says: /Version 1 of line-bot-local-bot-\w+ is live with the code \w{12}, and the stack deployed 0{12}/,
    todo: /npm run up -- local/,
    break: async () => ({ pulumi: await pulumiThatSays(output("artifactSha256"), "0".repeat(64)) }),
  },
  {
    link: "Artifact",
    fault: "another version than the stack's",
    status: "warning",
    says: /Version 1 of line-bot-local-bot-\w+ is live, and the stack deployed version 7 with the same code/,
    todo: /--refresh/,
    break: async () => ({ pulumi: await pulumiThatSays('Version": "1"', 'Version": "7"') }),
  },
  {
    link: "Artifact",
    fault: "a function that is gone",
    says: /There is no function gone with an alias live in ap-northeast-1/,
    todo: /npm run refresh -- local/,
    break: async () => ({ pulumi: await pulumiThatSays(output("functionName"), "gone") }),
  },
  {
    link: "Artifact",
    fault: "a worker that is gone",
    also: ["Queue"],
    says: /There is no function gone with an alias live/,
    todo: /npm run refresh -- local/,
    break: async () => ({ pulumi: await pulumiThatSays(output("workerName"), "gone") }),
  },
  {
    link: "Drift",
    fault: "a change made elsewhere",
    also: ["Webhook URL"],
    says: /something deployed was changed elsewhere/,
    todo: /npm run refresh -- local --diff/,
    async break() {
      await bot.cloud.line.console.setWebhookUrl({ channelId, url: "https://localhost:1/theirs" });
      return { drift: true };
    },
  },
  // The function may from here on take over another secret, which it keeps for a while.
  {
    link: "Credentials",
    fault: "a secret that is no JSON",
    says: /The channel's secret is not JSON/,
    todo: /npm run credentials -- local/,
    break: async () => void (await fill("{canary-7c1e")),
  },
  {
    link: "Access token",
    fault: "a channel secret that was reissued",
    says: /LINE refused to issue an access token: 400.*may have been reissued/,
    todo: /npm run credentials -- local/,
    break: async () => void (await fill({ channelId, channelSecret: randomBytes(16).toString("hex") })),
  },
  {
    link: "Bot",
    fault: "a LINE Login channel",
    says: /a channel without a bot, such as a LINE Login channel/,
    todo: /npm run credentials -- local/,
    break: async () => void (await fill(loginChannel)),
  },
  {
    link: "Bot",
    fault: "a revoked long-lived token",
    says: /LINE does not know this access token: it was revoked/,
    todo: /npm run credentials -- local/,
    break: async () => void (await fill({ ...ofDev, channelAccessToken: "canary-revoked-3f9a" })),
  },
  {
    link: "Bot",
    fault: "another bot's credentials",
    says: /those of "Prod bot" \(@002prdbt, .*deployed for "Dev bot"/,
    todo: /npm run credentials -- local/,
    break: async () =>
      void (await fill({ channelId: prodChannel.channelId, channelSecret: prodChannel.channelSecret })),
  },
  {
    link: "Answers in time",
    fault: "a function with another channel secret",
    says: /answered with 401/,
    todo: /another channel secret/,
    break: async () => ({ target: targetWithAws(await serveSecret({ ...devChannel, channelSecret: "other" })) }),
  },
];

describe("a broken link is reported, with what to do", () => {
  test.each(faults)("$link: $fault", async (fault) => {
    const diagnoses = await look((await fault.break()) ?? {});

    const diagnosis = diagnoses.find(({ link }) => link === fault.link);
    expect(diagnosis).toMatchObject({ status: fault.status ?? "failed" });
    expect(diagnosis?.says).toMatch(fault.says);
    expect(diagnosis?.todo).toMatch(fault.todo);
    const before = diagnoses.slice(0, diagnoses.indexOf(diagnosis as Diagnosis));
    expect(before.filter(({ status }) => status === "failed").map(({ link }) => link)).toEqual(fault.also ?? []);
  });
});

test("what depends on a broken link is left out, and says on which", async () => {
  await fill(loginChannel);

  const diagnoses = await look({ lineTest: true });

  // The endpoint may know its former secret still, or have read this one: both are right.
  const skipped = diagnoses.filter(({ status, link }) => status === "skipped" && link !== "Refuses forgeries");
  expect(skipped.map(({ link, says }) => [link, says])).toEqual([
    ["Reproducible", "left out"],
    ["Webhook URL", 'needs "Bot" to be fine first'],
    ["Use webhook", 'needs "Bot" to be fine first'],
    ["Test by LINE", 'needs "Bot" to be fine first'],
    ["Drift", "not looked for; `--drift` reads everything deployed (slow)"],
  ]);
});

test("LINE is asked for no test when none is wanted", async () => {
  const tests = () => bot.cloud.line.traces().filter((trace) => JSON.stringify(trace).includes("webhook/test")).length;
  const before = tests();

  const diagnoses = await look({ lineTest: false });

  expect(diagnoses).toContainEqual({
    link: "Test by LINE",
    status: "skipped",
    says: "left out (--no-line-test)",
  });
  expect(tests()).toBe(before);
});

describe("the time that a function takes is held against LINE's two seconds", () => {
  test.each([
    ["is fine below it", { firstMs: 400, warmMs: 3 }, "ok", undefined],
    ["is a warning where only the first answer is late", { firstMs: 2300, warmMs: 3 }, "warning", /cold start/],
    ["is a failure where every answer is late", { firstMs: 2300, warmMs: 2100 }, "failed", /gives up on every event/],
  ] as const)("%s", (_what, times, status, todo) => {
    const finding = judgeAnswers({ status: 200, ...times }, "the-log-group");

    expect(finding.status).toBe(status);
    expect(finding.todo ?? "").toMatch(todo ?? /^$/);
  });
});

test("nothing that was said holds a secret, in any of the ways to write one", () => {
  const values = [
    channelSecret,
    prodChannel.channelSecret,
    loginChannel.channelSecret,
    "canary-7c1e",
    "canary-revoked-3f9a",
  ];
  const all = said.join("\n");

  expect(all.length).toBeGreaterThan(5000);
  for (const value of [...values, devChannel.channelAccessToken]) {
    for (const form of [value, Buffer.from(value).toString("base64"), Buffer.from(value).toString("hex")]) {
      expect(all).not.toContain(form);
    }
  }
});
