import { ChangeMessageVisibilityCommand, DeleteMessageCommand, type Message } from "@aws-sdk/client-sqs";
import { expect, onTestFinished, test, vi } from "vitest";
import { createRandom } from "../../../tests/functions/random.ts";
import { createAws, type TestAws } from "./support/local-aws.ts";
import { createPair, createSqs, receiveAll, sendAll } from "./support/queues.ts";

const GROUPS = ["a", "b", "c"];
const STEPS = 250;
const VISIBILITY_SECONDS = 30;

/** What a receiver holds: it may be late. */
interface Held {
  group: string;
  number: number;
  receipt: string;
  until: number;
}

test.each([1, 2, 3, 4])(
  "a queue keeps its word in any life: each message once, in order of its group, over restarts too (seed %i)",
  async (seed) => {
    const random = createRandom(seed);
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    let aws: TestAws = await createAws({});
    const { queue, deadLetters } = await createPair(aws, 1000, { visibilityTimeoutSeconds: VISIBILITY_SECONDS });
    const sent = new Map(GROUPS.map((group) => [group, 0]));
    const done = new Map(GROUPS.map((group) => [group, [] as number[]]));
    let held: Held[] = [];

    const isLive = ({ until }: Held) => until > Date.now();
    const take = (message: Message): void => {
      const group = message.Attributes?.MessageGroupId ?? "";
      const number = Number(message.Body);
      // Nothing of the group may be in flight elsewhere, but what came in this very answer.
      expect(held.filter((other) => other.group === group && isLive(other) && other.number > number)).toEqual([]);
      held = held.filter((other) => other.group !== group || other.number !== number);
      const receipt = message.ReceiptHandle ?? "";
      held.push({ group, number, receipt, until: Date.now() + VISIBILITY_SECONDS * 1000 });
    };
    const steps: Record<string, () => Promise<void>> = {
      async send() {
        const groups = Array.from({ length: 1 + random.below(5) }, () => random.pick(GROUPS));
        const texts = groups.map((group) => {
          sent.set(group, (sent.get(group) ?? 0) + 1);
          return `${group}/${sent.get(group)}`;
        });
        await sendAll(createSqs(aws), queue, random.below(4) === 0 ? [...texts, ...texts] : texts);
      },
      async receive() {
        const before = new Set(held.filter(isLive).map(({ group }) => group));
        const messages = await receiveAll(createSqs(aws), queue, { MaxNumberOfMessages: 1 + random.below(10) });
        for (const message of messages) {
          expect(before).not.toContain(message.Attributes?.MessageGroupId);
          take(message);
        }
      },
      /** A receiver is done with the next message of a group, whether it still may be or not. */
      async delete() {
        const one = held.find(({ group, number }) => number === (done.get(group)?.length ?? 0) + 1);
        if (!one) {
          held = [];
          return;
        }
        const command = new DeleteMessageCommand({ QueueUrl: queue.id, ReceiptHandle: one.receipt });
        const isDeleted = await createSqs(aws)
          .send(command)
          .then(
            () => true,
            () => false,
          );
        expect(isDeleted).toBe(isLive(one));
        held = held.filter((other) => other !== one);
        if (isDeleted) done.get(one.group)?.push(one.number);
      },
      /** A receiver gives back the first that it holds: as long as it holds others of the group, nobody gets that. */
      async giveBack() {
        const one = held.find(isLive);
        if (!one) return;
        await createSqs(aws).send(
          new ChangeMessageVisibilityCommand({ QueueUrl: queue.id, ReceiptHandle: one.receipt, VisibilityTimeout: 0 }),
        );
        held = held.filter((other) => other !== one);
      },
      pass: async () => void vi.setSystemTime(Date.now() + random.below(VISIBILITY_SECONDS * 1000)),
      async restart() {
        await aws.close();
        aws = await createAws({ dataDir: aws.dataDir });
      },
    };
    const chances = ["send", "send", "receive", "receive", "receive", "delete", "delete", "delete", "giveBack", "pass"];

    for (let step = 0; step < STEPS; step++) await steps[step % 60 === 59 ? "restart" : random.pick(chances)]?.();
    // In the end somebody works through all of it.
    while (GROUPS.some((group) => (done.get(group)?.length ?? 0) < (sent.get(group) ?? 0))) {
      await steps["receive"]?.();
      if (held.length === 0) vi.setSystemTime(Date.now() + VISIBILITY_SECONDS * 1000);
      while (held.length > 0) await steps["delete"]?.();
    }

    for (const [group, count] of sent) expect(done.get(group)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    expect(await receiveAll(createSqs(aws), queue)).toEqual([]);
    expect(await receiveAll(createSqs(aws), deadLetters)).toEqual([]);
  },
);
