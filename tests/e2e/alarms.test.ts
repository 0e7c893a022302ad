import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { CloudWatchClient, DescribeAlarmsCommand, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as v from "valibot";
import type { AwsTrace } from "@pulumi-line-bot/aws-offline/aws";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { alarmRules } from "../../infra/alarm-rules.ts";
import type { AlarmName } from "@pulumi-line-bot/kit/outcomes";
import { makeInstalledClone } from "../support/clone.ts";
import { deploy } from "./deployed.ts";
import { toOwnerConfig } from "../../packages/aws-offline/tests/support/owner-config.ts";

/** What a user writes decides what goes wrong. */
const moodyBot = `
import { defineBot } from "./bot-interface.ts";

export default defineBot({
  loadingIndicator: false,
  message: {
    async text({ event, reply, push }) {
      const { text } = event.message;
      if (text === "fail") throw new Error("failed on purpose");
      if (text === "crash") process.exit(1);
      if (text === "push") return push(text);
      await reply(text);
    },
  },
});
`;

const namePrefix = "line-bot-local-bot-";

/** Few enough that a test can be above them. */
const limits = { reserved: 3, burst: 40 };
/** More than a receiver takes that waits for a queue until its own time is over. */
const slowStartMs = 2500;
const traces: AwsTrace[] = [];
const waiting = new Set<(trace: AwsTrace) => void>();
let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let bot: Awaited<ReturnType<typeof deploy>>;
let cloudWatch: CloudWatchClient;
let groups: { logGroup: string; workerLogGroup: string };

beforeAll(async () => {
  clone = await makeInstalledClone();
  await writeFile(path.join(clone.path, "functions", "bot.ts"), moodyBot);
  bot = await deploy({
    projectDir: clone.path,
    config: {
      "line:bot": devChannel.userId,
      "line-bot:reservedConcurrency": String(limits.reserved),
      "line-bot:throttleBurstLimit": String(limits.burst),
      "line-bot:throttleRateLimit": String(limits.burst),
    },
    onTrace(trace) {
      traces.push(trace);
      for (const look of waiting) look(trace);
    },
  });
  cloudWatch = new CloudWatchClient(toOwnerConfig(bot.cloud.aws));
  groups = v.parse(v.object({ logGroup: v.string(), workerLogGroup: v.string() }), bot.outputs);
}, 300_000);
afterAll(async () => {
  vi.useRealTimers();
  cloudWatch.destroy();
  await bot[Symbol.asyncDispose]();
  await clone[Symbol.asyncDispose]();
});

/** The gauges are asked now; later, the period that holds what was is over. */
function evaluateAlarms(): void {
  for (const laterMs of [0, 60_000, 300_000]) bot.cloud.aws.evaluateAlarms(Date.now() + laterMs);
}

/** The alarms that were raised since `from`, after the component's name. */
const raised = (from: number) =>
  traces
    .slice(from)
    .flatMap((trace) =>
      trace.kind === "alarm" && trace.to === "ALARM" ? [trace.name.slice(namePrefix.length, -"-1234567".length)] : [],
    );

/** Resolves with the line that a function logs next with these words in it. */
function nextLine(from: keyof typeof groups, ...words: string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const look = (trace: AwsTrace) => {
    if (trace.kind !== "log" || trace.logGroup !== groups[from]) return;
    if (!words.every((word) => trace.message.includes(word))) return;
    waiting.delete(look);
    resolve(trace.message);
  };
  waiting.add(look);
  return promise;
}

function isSum(alarm: AlarmName): boolean {
  const { watches } = alarmRules[alarm];
  return "linesOf" in watches || watches.statistic === "Sum";
}

/** The sum, or the maximum, of what an alarm watches, of all the time until now. */
async function measure(alarm: AlarmName): Promise<number> {
  const { MetricAlarms = [] } = await cloudWatch.send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `${namePrefix}${alarm}-` }),
  );
  const [{ Namespace, MetricName, Dimensions, Statistic = "Sum" } = {}] = MetricAlarms;
  const { Datapoints = [] } = await cloudWatch.send(
    new GetMetricStatisticsCommand({
      Namespace,
      MetricName,
      Dimensions,
      Period: 3600,
      StartTime: new Date(Date.now() - 7_200_000),
      EndTime: new Date(Date.now() + 7_200_000),
      Statistics: [Statistic],
    }),
  );
  return Math.max(0, ...Datapoints.map((one) => one[Statistic === "Sum" ? "Sum" : "Maximum"] ?? 0));
}

let events = 0;
/** An event of a user's own, so that no other waits for it. */
function textEvent(text: string, more: object = {}) {
  events += 1;
  const userId = `U${String(events).padStart(32, "0")}`;
  return {
    type: "message",
    mode: "active",
    webhookEventId: `01FZ74A0TDDPYRVK${String(events).padStart(10, "0")}`,
    deliveryContext: { isRedelivery: false },
    timestamp: Date.now(),
    source: { type: "user", userId },
    replyToken: String(events).padStart(32, "0"),
    message: { type: "text", id: String(events), quoteToken: "q", text },
    ...more,
  };
}
const webhook = (destination: string, ...all: unknown[]) => JSON.stringify({ destination, events: all });
const post = (...all: unknown[]) => bot.post(webhook(devChannel.userId, ...all));

/** Sends so many at once. */
const atOnce = (times: number, send: () => Promise<{ status: number }>) =>
  Promise.all(Array.from({ length: times }, send));

async function during<T>(end: () => void, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    end();
  }
}

interface Case {
  alarm: AlarmName;
  what: string;
  act: () => Promise<unknown>;
}

const cases: Case[] = [
  {
    alarm: "unavailable-token",
    what: "LINE issues no token",
    async act() {
      await bot.cloud.line.console.addFault({
        on: "api",
        operation: "issueStatelessChannelToken",
        status: 500,
        times: 50,
      });
      const line = nextLine("workerLogGroup", '"token unavailable"');
      await post(textEvent("hello"));
      await line;
      await bot.cloud.line.console.clearFaults({});
    },
  },
  {
    alarm: "unhandled-events",
    what: "a signed request that is no JSON",
    act: async () => expect(await bot.post("{")).toMatchObject({ status: 400 }),
  },
  {
    alarm: "unhandled-events",
    what: "a signed request that is too large",
    act: async () => expect(await bot.post("x".repeat(1024 * 1024 + 1))).toMatchObject({ status: 413 }),
  },
  {
    alarm: "unhandled-events",
    what: "an event in no form of LINE's",
    act: async () => expect(await post(7, textEvent("hello"))).toMatchObject({ status: 200 }),
  },
  {
    alarm: "unhandled-events",
    what: "another bot's event",
    act: async () =>
      expect(await bot.post(webhook(`U${"0".repeat(32)}`, textEvent("hello")))).toMatchObject({ status: 200 }),
  },
  {
    alarm: "unhandled-events",
    what: "an event of four days ago",
    act: async () =>
      expect(await post(textEvent("hello", { timestamp: Date.now() - 4 * 86_400_000 }))).toMatchObject({ status: 200 }),
  },
  {
    alarm: "unauthorized-requests",
    what: "more wrong signatures than one gets by chance",
    async act() {
      for (let times = 0; times <= alarmRules["unauthorized-requests"].above; times += 1)
        expect(await bot.post(webhook(devChannel.userId), "another secret")).toMatchObject({ status: 401 });
    },
  },
  {
    alarm: "webhook-failures",
    what: "SQS takes nothing",
    act: () =>
      during(bot.cloud.aws.faults.fail({ service: "sqs", operation: "SendMessageBatch" }), async () =>
        expect(await post(textEvent("hello"))).toMatchObject({ status: 503, body: "queue unavailable" }),
      ),
  },
  {
    alarm: "throttled-receiver",
    what: "more at once than the receiver may run",
    act: () =>
      during(bot.cloud.aws.faults.fail({ service: "sqs" }), async () =>
        expect(await atOnce(limits.reserved + 1, () => post(textEvent("hello")))).toContainEqual({
          status: 503,
          body: JSON.stringify({ message: "Service Unavailable" }),
        }),
      ),
  },
  {
    alarm: "throttled-requests",
    what: "more at once than the stage takes",
    // A machine that is busy sends them slower than the stage refills, so it sends them again.
    act: () =>
      vi.waitFor(
        async () =>
          expect(await atOnce(3 * limits.burst, () => post())).toContainEqual(expect.objectContaining({ status: 429 })),
        { timeout: 120_000 },
      ),
  },
  {
    alarm: "refused-answers",
    what: "a reply token that LINE does not know",
    async act() {
      const line = nextLine("workerLogGroup", '"event"', '"reply refused"');
      await post(textEvent("hello"));
      expect(await line).toContain('"level":"ERROR"');
    },
  },
  {
    alarm: "refused-answers",
    what: "a push to a user that LINE does not know",
    async act() {
      const line = nextLine("workerLogGroup", '"push refused"');
      await post(textEvent("push"));
      expect(await line).toContain('"level":"ERROR"');
    },
  },
  {
    alarm: "dead-letters",
    what: "an event that fails three times",
    async act() {
      const poison = textEvent("fail");
      const next = textEvent("hello", { source: poison.source });
      const line = nextLine("workerLogGroup", '"event"', '"reply refused"');
      await post(poison, next);
      await line;
    },
  },
  {
    alarm: "worker-errors",
    what: "a worker that ends in the middle of an event",
    async act() {
      const line = nextLine("workerLogGroup", "platform.report", '"failure"');
      await post(textEvent("crash"));
      await line;
    },
  },
  {
    alarm: "late-events",
    what: "an event that waits for longer than a minute",
    act: () => Promise.resolve(vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 120_000 })),
  },
  {
    alarm: "slow-receiver",
    what: "a cold start that takes too long",
    async act() {
      const entry = path.join(clone.path, "functions", "webhook.ts");
      const slow = `\nAtomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${slowStartMs});\n`;
      await writeFile(entry, (await readFile(entry, "utf8")) + slow);
      expect(await bot.operate("up")).toMatchObject({ result: "succeeded" });
      await during(bot.cloud.aws.faults.fail({ service: "sqs" }), () => atOnce(2, () => post(textEvent("hello"))));
      expect(await measure("slow-receiver")).toBeGreaterThan(slowStartMs);
    },
  },
  {
    alarm: "unavailable-credentials",
    what: "a receiver that starts while Secrets Manager does not answer",
    // Those that have run before hold the credentials, and wait for the queue: there is one more to start.
    act: () =>
      during(bot.cloud.aws.faults.fail({ service: "sqs" }), () =>
        during(bot.cloud.aws.faults.fail({ service: "secretsmanager" }), async () =>
          expect(await atOnce(limits.reserved, () => post(textEvent("hello")))).toContainEqual({
            status: 503,
            body: "credentials unavailable",
          }),
        ),
      ),
  },
];

test.each(cases)("$alarm goes off at $what", { timeout: 300_000 }, async ({ alarm, act }) => {
  const [from, before] = [traces.length, await measure(alarm)];

  await act();
  evaluateAlarms();

  expect(raised(from)).toContain(alarm);
  // The alarms of a minute look at the same minute: what was counted is of this case.
  const rose = isSum(alarm) ? (await measure(alarm)) - before : Infinity;
  expect(rose).toBeGreaterThan(alarmRules[alarm].above);
});

test("every alarm was shown to go off", () => {
  expect([...new Set(cases.map(({ alarm }) => alarm))].sort()).toEqual(Object.keys(alarmRules).sort());
});
