import { writeFile } from "node:fs/promises";
import path from "node:path";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { SQSClient } from "@aws-sdk/client-sqs";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LogLine, describeLine, isWanted } from "../../deploy/logs/line.ts";
import { readLogs } from "../../deploy/logs/read.ts";
import { type DeadLetter, goThrough } from "../../deploy/redrive/dead-letters.ts";
import { countMessages } from "../../deploy/redrive/queue.ts";
import type { AwsTrace } from "@pulumi-line-bot/aws-offline/aws";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { makeInstalledClone } from "../support/clone.ts";
import { deploy } from "./deployed.ts";
import { toOwnerConfig } from "../../packages/aws-offline/tests/support/owner-config.ts";

/** A bot that pushes what was written back, and one that fails over one word. */
const fixed = `
import { defineBot } from "./bot-interface.ts";

export default defineBot({
  message: {
    async text({ event, push }) {
      await push(event.message.text);
    },
  },
});
`;
const broken = fixed.replace(
  "await push",
  'if (event.message.text === "poison") throw new Error("poison");\n      await push',
);

const { channelId } = devChannel;
const traces: AwsTrace[] = [];
let onTrace: (trace: AwsTrace) => void = () => {};
let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let bot: Awaited<ReturnType<typeof deploy>>;
let queues: { queueUrl: string; deadLetterQueueUrl: string };
let groups: { receiver: string; worker: string };
let sqs: SQSClient;
let logs: CloudWatchLogsClient;
let userId = "";

beforeAll(async () => {
  clone = await makeInstalledClone();
  await writeFile(path.join(clone.path, "functions", "bot.ts"), broken);
  bot = await deploy({ projectDir: clone.path, onTrace: (trace) => (traces.push(trace), onTrace(trace)) });
  queues = v.parse(v.object({ queueUrl: v.string(), deadLetterQueueUrl: v.string() }), bot.outputs);
  const { logGroup, workerLogGroup } = v.parse(
    v.object({ logGroup: v.string(), workerLogGroup: v.string() }),
    bot.outputs,
  );
  groups = { receiver: logGroup, worker: workerLogGroup };
  const config = toOwnerConfig(bot.cloud.aws);
  [sqs, logs] = [new SQSClient(config), new CloudWatchLogsClient(config)];
  const { channels } = await bot.cloud.line.console.overview({});
  userId = channels.find(({ id }) => id === channelId)?.people[0]?.userId ?? "";
}, 300_000);
afterAll(async () => {
  sqs.destroy();
  logs.destroy();
  await bot[Symbol.asyncDispose]();
  await clone[Symbol.asyncDispose]();
});

const nextMessage = () => bot.cloud.line.console.nextMessage({ channelId, userId });
const write = (text: string) => bot.cloud.line.console.sendText({ channelId, userId, text });

async function listDeadLetters(): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  await goThrough(sqs, queues, (letter) => {
    letters.push(letter);
    return "keep";
  });
  return letters;
}

async function readAll(): Promise<LogLine[]> {
  const options = { sinceMs: Date.now() - 600_000, follow: false, stop: new AbortController().signal };
  const lines: LogLine[] = [];
  for await (const line of readLogs(logs, groups, options)) lines.push(line);
  return lines;
}

/** The gauges are asked now; later, the period that holds what was is over. */
function evaluateAlarms(): void {
  for (const laterMs of [0, 60_000, 300_000]) bot.cloud.aws.evaluateAlarms(Date.now() + laterMs);
}

const alarmsRaised = () =>
  traces.flatMap((trace) => (trace.kind === "alarm" && trace.to === "ALARM" ? [trace.name] : []));

/** Resolves with what the worker logs next about an event. */
function nextWorked(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  onTrace = (trace) => {
    if (trace.kind === "log" && trace.logGroup === groups.worker && trace.message.includes('"outcome"')) resolve();
  };
  return promise;
}

test("an event that fails for good makes way, raises an alarm, and is answered when it is sent again", async () => {
  const answer = nextMessage();
  await write("poison");
  await write("next");
  expect((await answer).content).toMatchObject({ text: "next" });

  const [letter, ...others] = await listDeadLetters();
  expect(others).toEqual([]);
  expect(letter).toMatchObject({ type: "message", digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(await countMessages(sqs, queues.deadLetterQueueUrl)).toBe(1);
  evaluateAlarms();
  expect(alarmsRaised()).toContainEqual(expect.stringMatching(/^line-bot-local-bot-dead-letters-/));

  await writeFile(path.join(clone.path, "functions", "bot.ts"), fixed);
  expect((await bot.operate("up")).result).toBe("succeeded");
  const late = nextMessage();
  await goThrough(sqs, queues, () => "send");
  expect((await late).content).toMatchObject({ text: "poison" });
  expect(await countMessages(sqs, queues.deadLetterQueueUrl)).toBe(0);
}, 300_000);

test("the log follows a request from the receiver to the worker, and quotes nobody", async () => {
  const worked = nextWorked();
  await write("a word of my own");
  await worked;

  const lines = await readAll();
  const received = lines.findLast(({ from, message }) => from === "receiver" && message.includes('"webhook"'));
  const { correlationId } = JSON.parse(received?.message ?? "{}") as { correlationId?: string };
  const followed = lines.filter((line) => isWanted(line, { level: "INFO", request: correlationId }));
  expect(followed.map(({ from }) => from)).toEqual(expect.arrayContaining(["receiver", "worker"]));
  expect(followed.map(describeLine).join("\n")).toMatch(/worker +INFO +event .*outcome=handled/);
  expect(lines.map(({ message }) => message).join("\n")).not.toMatch(new RegExp(`a word of my own|${userId}`));
});

test("errors are found by their level", async () => {
  const failed = (await readAll()).filter((line) => isWanted(line, { level: "ERROR", request: undefined }));

  expect(failed).toHaveLength(3);
  expect(failed.map(describeLine).join("\n")).toMatch(/outcome=failed/);
});
