import { createHash } from "node:crypto";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { chooseEvents } from "../../../deploy/redrive/chosen-events.ts";
import type { Decision } from "../../../deploy/redrive/dead-letters.ts";
import { redrive } from "../../../deploy/redrive/redrive.ts";
import { shareAws } from "../../../packages/aws-offline/tests/support/local-aws.ts";
import { createPair, createSqs, receiveAll, sendAll } from "../../../packages/aws-offline/tests/support/queues.ts";

const aws = shareAws({ alarmsEveryMs: 0 });

const digestOf = (id: string) => createHash("sha256").update(id).digest("hex");
const toBody = (webhookEventId: string) =>
  JSON.stringify({ event: { type: "message", webhookEventId, timestamp: 1 }, correlationId: "request" });

/** Dead letters of these events, each of a conversation of its own. */
async function createDeadLetters(ids: string[]) {
  const client = createSqs(aws);
  const { queue, deadLetters } = await createPair(aws, 3);
  await sendAll(
    client,
    deadLetters,
    ids.map((id) => `${id}/${toBody(id)}`),
  );
  const idsIn = async (where: typeof queue) => {
    const messages = await receiveAll(client, where, { VisibilityTimeout: 0 });
    return messages.map(({ Body = "" }) => (JSON.parse(Body) as { event: { webhookEventId: string } }).event);
  };
  return {
    run: (wanted: Decision, events?: string[]) => runRedrive(client, queue.id, deadLetters.id, wanted, events),
    sent: async () => (await idsIn(queue)).map(({ webhookEventId }) => webhookEventId),
    left: async () => (await idsIn(deadLetters)).map(({ webhookEventId }) => webhookEventId),
  };
}

const runRedrive = (
  client: SQSClient,
  queueUrl: string,
  deadLetterQueueUrl: string,
  wanted: Decision,
  events?: string[],
) => redrive(client, { queueUrl, deadLetterQueueUrl }, { wanted, events }, () => {});

describe("dead letters", () => {
  test.each([
    ["twelve digits, as the log shows them,", 12],
    ["more digits", 20],
    ["all digits", 64],
  ])("are sent by %s of their event, and the others wait", async (_, digits) => {
    const letters = await createDeadLetters(["one", "two"]);

    const counts = await letters.run("send", [digestOf("two").slice(0, digits)]);

    expect(counts).toEqual({ send: 1, delete: 0, keep: 1 });
    expect([await letters.sent(), await letters.left()]).toEqual([["two"], ["one"]]);
  });

  test.each<[string, string[], RegExp]>([
    ["fewer digits", ["one", "two"], /is too short to name an event for sure: 12 digits do, as in \w{12}$/],
    ["digits of none", ["none", "two"], /is no dead letter's event; the list without --event has them/],
  ])("stay where they are when one of their events is named by %s", async (what, [named = "", other = ""], why) => {
    const letters = await createDeadLetters(["one", "two"]);
    const digits = what === "fewer digits" ? 11 : 12;

    const run = letters.run("delete", [digestOf(other).slice(0, 12), digestOf(named).slice(0, digits)]);

    await expect(run).rejects.toThrow(why);
    expect([await letters.sent(), (await letters.left()).toSorted()]).toEqual([[], ["one", "two"]]);
  });

  test("are all sent where no event is named", async () => {
    const letters = await createDeadLetters(["one", "two"]);

    expect(await letters.run("send")).toEqual({ send: 2, delete: 0, keep: 0 });
    expect((await letters.sent()).toSorted()).toEqual(["one", "two"]);
  });
});

test("digits with which several events begin are refused with those, and more digits are taken", () => {
  const [one, other] = [`${"a".repeat(14)}1${"0".repeat(49)}`, `${"a".repeat(14)}2${"0".repeat(49)}`];
  const digests = [one, other, "b".repeat(64)];

  expect(() => chooseEvents(["a".repeat(12)], digests)).toThrow(
    `is the beginning of several events; name one of them with more digits: ${one}, ${other}`,
  );
  // The same event may be there twice.
  expect(chooseEvents([`${"a".repeat(14)}2`], [...digests, other])).toEqual(new Set([other]));
});
