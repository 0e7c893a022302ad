import { toOwnerConfig } from "../../../packages/aws-offline/tests/support/owner-config.ts";
/** The whole backend on this machine, while nearly everything goes wrong. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { SQSClient } from "@aws-sdk/client-sqs";
import * as v from "valibot";
import { hashId } from "../../../functions/shared/log.ts";
import { shownDigits } from "../../../deploy/redrive/chosen-events.ts";
import { goThrough } from "../../../deploy/redrive/dead-letters.ts";
import { countMessages } from "../../../deploy/redrive/queue.ts";
import type { AwsTrace } from "@pulumi-line-bot/aws-offline/aws";
import type { LocalCloud } from "../../../deploy/local/cloud.ts";
import { toUserId } from "@pulumi-line-bot/line-simulator/ids";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { createRandom, type Random } from "../../functions/random.ts";
import { makeInstalledClone } from "../../support/clone.ts";
import { deploy } from "../deployed.ts";
import { watchAnswers, type Answers } from "./answers.ts";
import { judge, type Verdict } from "./judge.ts";
import { planEvents } from "./plan.ts";
import { sendAll } from "./send.ts";

export interface ChaosOptions {
  events: number;
  users: number;
  /** The seed of all dice: the same plan, faults and victims. What runs side by side is still the machine's to decide. */
  seed: number;
  /** How many requests LINE has under way at once. */
  requestsAtOnce: number;
  /** A worker is killed after so many of its invocations. */
  invocationsPerKill: number;
  /** How many messages may wait for their answer at once. Default: all of them, sent as fast as they get in. */
  waiting?: number | undefined;
  /** How many events the stack works on at once. Default: as it does otherwise. */
  concurrency?: number | undefined;
  /** Called every few seconds. */
  onProgress?: (progress: ChaosProgress) => void;
}

export interface ChaosProgress {
  /** What is done now. */
  phase: "deploying" | "sending" | "emptying the queue" | "sending dead letters again";
  sent: number;
  answered: number;
  killed: number;
  seconds: number;
}

export interface ChaosReport extends Verdict {
  seed: number;
  requests: number;
  /** Answered with 5xx, and sent again as LINE does. */
  refused: number;
  redelivered: number;
  duplicated: number;
  killed: number;
  invocations: number;
  /** Errors of LINE's that a push or reply met. */
  lineFaults: number;
  redriven: number;
  /** Answers in a second, from the first message until the queue was empty. */
  answersPerSecond: number;
  /** Seconds from a message to its answer, for the slowest in a hundred. */
  slowAnswerSeconds: number;
  seconds: number;
}

/** Answers by push, which is good for a day, or by reply, which is good for a minute. Both carry the event's number. */
const bot = `
import { defineBot } from "./bot-interface.ts";

export default defineBot({
  message: {
    async text({ event, push, reply }) {
      const { text } = event.message;
      await (text.startsWith("push") ? push(text) : reply(text));
    },
  },
});
`;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedAtMs = performance.now();
  await using clone = await makeInstalledClone();
  await writeFile(path.join(clone.path, "functions", "bot.ts"), bot);
  const workers = watchWorkers(options.invocationsPerKill);
  const { concurrency } = options;
  const config = concurrency === undefined ? {} : { "line-bot:workerConcurrency": String(concurrency) };
  using progress = reportProgress(startedAtMs, workers.killed, options.onProgress);
  await using deployed = await deploy({ projectDir: clone.path, onTrace: workers.onTrace, config });
  const { cloud, outputs } = deployed;
  const { queueUrl, deadLetterQueueUrl, workerName } = v.parse(stackOutputs, outputs);
  workers.watch(workerName, () => cloud.aws.faults.killWorker(workerName));
  const random = createRandom(options.seed);
  const userIds = await addFriends(cloud, options.users);
  const answers = watchAnswers(cloud);
  const events = planEvents({ ...options, userIds, random });
  const endFaults = orderFaults(cloud, options.seed, random);

  progress.enter("sending", answers);
  const sendingAtMs = performance.now();
  const sent = await sendAll(events, { ...options, random, cloud, answers, post: deployed.post });
  const sqs = new SQSClient(toOwnerConfig(cloud.aws));
  progress.enter("emptying the queue", answers);
  await workers.until(async () => (await countMessages(sqs, queueUrl)) === 0);
  const answersPerSecond = answers.said.length / ((performance.now() - sendingAtMs) / 1000);
  workers.stop();
  const lineFaults = await endFaults();
  const redriven = new Set<string>();
  progress.enter("sending dead letters again", answers);
  await goThrough(sqs, { queueUrl, deadLetterQueueUrl }, ({ digest }) => {
    redriven.add(digest.slice(0, shownDigits));
    return "send";
  });
  await workers.until(async () => (await countMessages(sqs, queueUrl)) === 0);
  sqs.destroy();
  return {
    ...judge(events, answers.said, ({ id }) => redriven.has(hashId(id))),
    ...sent,
    seed: options.seed,
    killed: workers.killed(),
    invocations: workers.invocations(),
    lineFaults,
    redriven: redriven.size,
    answersPerSecond,
    slowAnswerSeconds: answers.slowSeconds(),
    seconds: (performance.now() - startedAtMs) / 1000,
  };
}

const progressEveryMs = 5000;

function reportProgress(startedAtMs: number, killed: () => number, report: ChaosOptions["onProgress"] = () => {}) {
  let phase: ChaosProgress["phase"] = "deploying";
  let answers: Answers | undefined;
  const tell = () =>
    report({
      phase,
      sent: answers?.sent() ?? 0,
      answered: answers?.said.length ?? 0,
      killed: killed(),
      seconds: (performance.now() - startedAtMs) / 1000,
    });
  const timer = setInterval(tell, progressEveryMs);
  tell();
  return {
    enter(next: ChaosProgress["phase"], watched: Answers) {
      [phase, answers] = [next, watched];
      tell();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

const stackOutputs = v.object({ queueUrl: v.string(), deadLetterQueueUrl: v.string(), workerName: v.string() });

/** Kills a worker every so many invocations, and tells when there is nothing left to do. */
function watchWorkers(invocationsPerKill: number) {
  const listeners = new Set<() => void>();
  let name: string | undefined;
  let kill: () => boolean = () => false;
  let invocations = 0;
  let killed = 0;
  let stopped = false;
  return {
    onTrace: (trace: AwsTrace) => {
      if (trace.kind !== "invocation" || trace.functionName !== name) return;
      invocations += 1;
      if (!stopped && invocations % invocationsPerKill === 0 && kill()) killed += 1;
      for (const listener of listeners) listener();
    },
    watch(functionName: string, killOne: () => boolean) {
      name = functionName;
      kill = killOne;
    },
    stop: () => {
      stopped = true;
    },
    invocations: () => invocations,
    killed: () => killed,
    /** Looks again whenever the function has run. */
    async until(isDone: () => Promise<boolean>): Promise<void> {
      while (!(await isDone())) {
        const { promise, resolve } = Promise.withResolvers<void>();
        listeners.add(resolve);
        await promise;
        listeners.delete(resolve);
      }
    },
  };
}

async function addFriends({ line }: LocalCloud, count: number): Promise<string[]> {
  const { channelId } = devChannel;
  await line.console.setSettings({ channelId, greeting: false, redelivery: true, quota: null });
  await line.console.setBehaviour({ redeliveryDelaysMs: Array.from({ length: 20 }, () => 500) });
  const userIds: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { personId } = await line.console.addPerson({ displayName: `Person ${index}` });
    const userId = toUserId({ id: personId }, "1000000001");
    await line.console.follow({ channelId, userId });
    userIds.push(userId);
  }
  await line.idle();
  return userIds;
}

/**
 * Queue and table refuse some calls all the time; LINE refuses one in so many, before or after it had an effect.
 * Returns what ends that, and tells how often LINE did.
 */
function orderFaults({ aws, line }: LocalCloud, seed: number, random: Random): () => Promise<number> {
  const stop = [
    aws.faults.throttle({ service: "sqs", operation: "SendMessageBatch", rate: 0.02, seed }),
    aws.faults.throttle({ service: "dynamodb", operation: "PutItem", rate: 0.02, seed: seed + 1 }),
    aws.faults.throttle({ service: "dynamodb", operation: "UpdateItem", rate: 0.01, seed: seed + 2 }),
  ];
  const ordered: Promise<unknown>[] = [];
  let calls = 0;
  const unsubscribe = line.subscribe((trace) => {
    if (trace.kind !== "api" || (calls += 1) % 40 !== 0) return;
    const status = random.pick([429, 500] as const);
    const effect = random.pick(["before", "after"] as const);
    ordered.push(line.console.addFault({ on: "api", status, effect, times: 1 }));
  });
  return async () => {
    for (const end of stop) end();
    unsubscribe();
    await Promise.all(ordered);
    await line.console.clearFaults();
    return ordered.length;
  };
}
