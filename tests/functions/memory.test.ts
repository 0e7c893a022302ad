import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createAwsCall } from "../../functions/shared/aws-call.ts";
import { createEventQueue } from "../../functions/receiver/event-queue.ts";
import type { LineClient } from "../../functions/worker/line-client.ts";
import { createReceiver } from "../../functions/receiver/receiver.ts";
import { createWorker } from "../../functions/worker/work-batch.ts";
import { callback, channelSecret, signed, textEvent, type Queued, type SentBatch } from "./cloud.ts";
import { toRecord } from "./setup.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function usedMegabytes(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) {
    collectGarbage();
    await new Promise(setImmediate); // What waits for a finalizer goes with the next collection.
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const eventsOfRequest = 10;
/** `npm run test:long` takes more. */
const measured = Number(process.env["FUNCTION_EVENTS"] ?? 20_000);
const env = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };

/** Receiver and worker with nothing of the network: what they hold is all that is held. */
function createFunctions() {
  let sent: Queued[] = [];
  const callSqs = createAwsCall("sqs", env, ({ body }) => {
    const { Entries } = JSON.parse(body) as SentBatch;
    sent.push(...Entries);
    return Promise.resolve({ status: 200, text: JSON.stringify({ Successful: Entries.map(({ Id }) => ({ Id })) }) });
  });
  const receiver = createReceiver({
    credentials: {
      current: () => Promise.resolve({ channelId: "1", channelSecret }),
      renewed: () => Promise.resolve(undefined),
    },
    queue: createEventQueue(callSqs, "https://sqs.us-east-1.amazonaws.com/1/events.fifo"),
    print: () => undefined,
  });
  let replies = 0;
  const replyMessage = () => {
    replies += 1;
    return Promise.resolve({ sentMessages: [] });
  };
  const worker = createWorker({
    bot: { message: { text: ({ event, reply }) => reply(event.message.text) } },
    lineFor: () => ({ replyMessage }) as unknown as LineClient,
    once: { beginInvocation: () => undefined, run: (_, task) => task().then(() => "done" as const) },
    marks: { put: () => Promise.resolve(), has: () => Promise.resolve(false) },
    release: () => Promise.resolve(),
    logFor: () => () => undefined,
    metrics: { count: () => undefined, publish: () => undefined },
    mostReceives: 3,
  });
  return {
    replies: () => replies,
    async take(events: number) {
      for (let taken = 0; taken < events; taken += eventsOfRequest) {
        const texts = Array.from({ length: eventsOfRequest }, (_, index) =>
          textEvent("x".repeat(100), { source: { type: "user", userId: `U${taken + index}` } }),
        );
        const { statusCode } = await receiver(signed(callback(...texts)));
        if (statusCode !== 200) throw new Error(`The receiver answered ${statusCode}`);
        const Records = sent.map((message) => toRecord(message));
        sent = [];
        await worker({ Records }, { getRemainingTimeInMillis: () => 10_000 });
        // It is as between two invocations: what nothing but a WeakRef holds is let go of then.
        await new Promise(setImmediate);
      }
    },
  };
}

test(`holds no more memory after ${measured} events than before`, async () => {
  const functions = createFunctions();
  await functions.take(5000); // Until all code is compiled.
  const before = await usedMegabytes();

  await functions.take(measured);

  expect((await usedMegabytes()) - before).toBeLessThan(10);
  expect(functions.replies()).toBe(measured + 5000);
}, 300_000);
