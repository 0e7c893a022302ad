import { SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, onTestFinished, test } from "vitest";
import { toOwnerConfig } from "./support/owner-config.ts";
import { invoke, toCallingCode, toClient } from "./support/aws-requests.ts";
import { CLOUDWATCH_TYPES as TYPES, createAlarm, createCloudWatchClient, newMetric } from "./support/cloudwatch.ts";
import { createFunction, createRole, shareAws, toPolicy } from "./support/local-aws.ts";
import type { Made, Properties } from "./support/provider-client.ts";

const aws = shareAws({ alarmsEveryMs: 0 });
let topics = 0;
const createTopic = (more: Properties = {}): Promise<Made> =>
  aws.provider.create(TYPES.topic, `topic-${++topics}`, more);
const setPolicy = (topic: Made, policy: string): Promise<Made> =>
  aws.provider.create(TYPES.topicPolicy, topic.name, { arn: topic.id, policy });
const subscribe = (topic: Made, more: Properties = {}): Promise<Made> =>
  aws.provider.create(TYPES.topicSubscription, topic.name, {
    topic: topic.id,
    protocol: "email",
    endpoint: "owner@example.com",
    ...more,
  });

/** A signed call in the query protocol: a form in, XML out. */
async function callSns(Action: string, form: Record<string, string>): Promise<{ status: number; xml: string }> {
  const response = await toClient(aws.aws, "sns").fetch(aws.aws.endpointUrl, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ Action, Version: "2010-03-31", ...form }).toString(),
  });
  return { status: response.status, xml: await response.text() };
}

describe("a topic", () => {
  test("has an ARN as its id, an owner, and a policy for its account", async () => {
    const { id, outputs } = await createTopic({ name: "bot-alarms" });

    expect(id).toBe("arn:aws:sns:ap-northeast-1:000000000000:bot-alarms");
    expect(outputs).toMatchObject({ arn: id, name: "bot-alarms", owner: "000000000000" });
    expect(JSON.parse(String(outputs["policy"]))).toMatchObject({
      Statement: [{ Resource: id, Condition: { StringEquals: { "AWS:SourceOwner": "000000000000" } } }],
    });
  });

  test("takes over one of the same name, as on AWS", async () => {
    const first = await createTopic({ name: "shared" });

    expect((await createTopic({ name: "shared" })).id).toBe(first.id);
  });

  test("shows the policy that is set beside it, keeps it over an update, and loses it with that", async () => {
    const topic = await createTopic();
    const policy = toPolicy({ Principal: "*", Action: "sns:Publish", Resource: topic.id });
    const set = await setPolicy(topic, policy);

    const updated = await aws.provider.update(topic, { ...topic.inputs, displayName: "Bot" });
    expect((await aws.provider.read(updated))?.outputs).toMatchObject({ policy, displayName: "Bot" });
    await aws.provider.delete(set);
    expect((await aws.provider.read(updated))?.outputs["policy"]).toBe(topic.outputs["policy"]);
  });

  test.each([
    ["a FIFO topic", { fifoTopic: true }, /without fifoTopic/],
    [
      "a condition that is not evaluated",
      {
        policy: toPolicy({ Principal: "*", Action: "*", Resource: "*", Condition: { DateLessThan: { "aws:x": "1" } } }),
      },
      /condition DateLessThan/,
    ],
    ["a policy without an action", { policy: toPolicy({ Principal: "*", Resource: "*" }) }, /needs Effect/],
  ])("is refused as %s", async (_, more, reason) => {
    await expect(createTopic(more)).rejects.toThrow(reason);
  });

  test("is what a policy has to be for", async () => {
    const gone = { ...(await createTopic()), id: "arn:aws:sns:ap-northeast-1:000000000000:gone" };

    await expect(setPolicy(gone, toPolicy({ Principal: "*", Action: "*", Resource: "*" }))).rejects.toThrow(
      "Topic does not exist",
    );
  });
});

describe("a subscription by e-mail", () => {
  test("waits for its confirmation", async () => {
    const topic = await createTopic();
    const { id, outputs } = await subscribe(topic);

    expect(id).toMatch(new RegExp(`^${topic.id}:[0-9a-f-]{36}$`));
    expect(outputs).toMatchObject({ arn: id, pendingConfirmation: true, confirmationWasAuthenticated: false });
    const { xml } = await callSns("ListSubscriptionsByTopic", { TopicArn: topic.id });
    expect(xml).toContain("<SubscriptionArn>PendingConfirmation</SubscriptionArn>");
    expect(xml).toContain("<Endpoint>owner@example.com</Endpoint>");
  });

  test("gets nothing until then, and goes with its topic", async () => {
    const topic = await createTopic();
    const subscription = await subscribe(topic);
    await callSns("Publish", { TopicArn: topic.id, Message: "hello" });
    await aws.provider.delete(topic);

    expect(
      await aws.waitForTrace((trace) => trace.kind === "notification" && trace.topicArn === topic.id),
    ).toMatchObject({ delivered: 0, refused: 0, unconfirmed: 1 });
    expect(await aws.provider.read(subscription)).toBeUndefined();
    await aws.provider.delete(subscription);
  });

  test.each([
    [
      "another protocol",
      { protocol: "https", endpoint: "https://example.com" },
      /by email, email-json, sqs only, not by https/,
    ],
    ["no address", { endpoint: "owner" }, /Email address/],
    ["bare messages", { rawMessageDelivery: true }, /does not support raw message delivery/],
    ["a filter", { filterPolicy: '{"a":["b"]}' }, /without filterPolicy/],
    ["no topic", { topic: "arn:aws:sns:ap-northeast-1:000000000000:gone" }, /Topic does not exist/],
  ])("is refused with %s", async (_, more, reason) => {
    await expect(subscribe(await createTopic(), more)).rejects.toThrow(reason);
  });
});

describe("a subscription of a queue", () => {
  const createQueue = (more: Properties = {}): Promise<Made> =>
    aws.provider.create("aws:sqs/queue:Queue", `queue-${++topics}`, more);
  const subscribeQueue = (topic: Made, queue: Made, more: Properties = {}): Promise<Made> =>
    subscribe(topic, { protocol: "sqs", endpoint: queue.outputs["arn"], ...more });
  const letSend = (topic: Made, queue: Made): Promise<Made> =>
    aws.provider.create("aws:sqs/queuePolicy:QueuePolicy", queue.name, {
      queueUrl: queue.id,
      policy: toPolicy({
        Principal: { Service: "sns.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: queue.outputs["arn"],
        Condition: { ArnEquals: { "aws:SourceArn": topic.id } },
      }),
    });
  const receive = async (queue: Made): Promise<string | undefined> => {
    const client = new SQSClient(toOwnerConfig(aws.aws));
    onTestFinished(() => client.destroy());
    return (await client.send(new ReceiveMessageCommand({ QueueUrl: queue.id }))).Messages?.[0]?.Body;
  };

  test("brings what is published, and what an alarm tells", async () => {
    const [topic, queue] = [await createTopic(), await createQueue()];
    await letSend(topic, queue);
    const { outputs } = await subscribeQueue(topic, queue);
    expect(outputs).toMatchObject({ pendingConfirmation: false, confirmationWasAuthenticated: true });

    await callSns("Publish", { TopicArn: topic.id, Subject: "Hi", Message: "hello" });
    expect(JSON.parse(String(await receive(queue)))).toMatchObject({
      Type: "Notification",
      TopicArn: topic.id,
      Subject: "Hi",
      Message: "hello",
    });

    const alarm = await createAlarm(aws, newMetric(), { alarmActions: [topic.id], alarmDescription: "a drill" });
    const set = new SetAlarmStateCommand({ AlarmName: alarm.id, StateValue: "ALARM", StateReason: "to see it" });
    await createCloudWatchClient(aws).send(set);
    const { Subject, Message } = JSON.parse(String(await receive(queue))) as { Subject: string; Message: string };
    expect(Subject).toBe(`ALARM: "${alarm.id}" in ap-northeast-1`);
    expect(JSON.parse(Message)).toMatchObject({
      AlarmName: alarm.id,
      AlarmDescription: "a drill",
      AWSAccountId: "000000000000",
      NewStateValue: "ALARM",
      NewStateReason: "to see it",
      OldStateValue: "INSUFFICIENT_DATA",
      AlarmArn: alarm.outputs["arn"],
      AlarmActions: [topic.id],
      Trigger: { MetricName: alarm.inputs["metricName"], Namespace: "Test", Period: 60, Threshold: 0 },
    });
  });

  test("brings the bare message where that is asked for", async () => {
    const [topic, queue] = [await createTopic(), await createQueue()];
    await letSend(topic, queue);
    await subscribeQueue(topic, queue, { rawMessageDelivery: true });
    await callSns("Publish", { TopicArn: topic.id, Message: "bare" });

    expect(await receive(queue)).toBe("bare");
  });

  test.each([
    ["the queue's policy is for another topic", {}, "lost", false],
    ["the queue takes none as long", { maxMessageSize: 1024 }, "x".repeat(1024), true],
  ])("brings nothing where %s", async (_, more, Message, isLet) => {
    const [topic, other, queue] = [await createTopic(), await createTopic(), await createQueue(more)];
    await letSend(isLet ? topic : other, queue);
    await subscribeQueue(topic, queue);
    await callSns("Publish", { TopicArn: topic.id, Message });

    const trace = await aws.waitForTrace((seen) => seen.kind === "notification" && seen.topicArn === topic.id);
    expect(trace).toMatchObject({ delivered: 0, refused: 1 });
    expect(await receive(queue)).toBeUndefined();
  });

  test("is refused of a FIFO queue, and of none", async () => {
    const [topic, fifo] = [await createTopic(), await createQueue({ fifoQueue: true })];

    await expect(subscribeQueue(topic, fifo)).rejects.toThrow("FIFO SQS Queues can not be subscribed");
    await aws.provider.delete(fifo);
    await expect(subscribeQueue(topic, fifo)).rejects.toThrow("SQS endpoint ARN");
  });
});

describe("a message", () => {
  test("is published with an id, and told without its text", async () => {
    const topic = await createTopic();
    const { status, xml } = await callSns("Publish", { TopicArn: topic.id, Subject: "<Hi> & bye", Message: "private" });

    expect(status).toBe(200);
    const [, messageId] = /<MessageId>([0-9a-f-]{36})<\/MessageId>/.exec(xml) ?? [];
    const trace = await aws.waitForTrace((seen) => seen.kind === "notification" && seen.messageId === messageId);
    expect(trace).toEqual({
      kind: "notification",
      topicArn: topic.id,
      messageId,
      subject: "<Hi> & bye",
      delivered: 0,
      refused: 0,
      unconfirmed: 0,
    });
  });

  test.each([
    ["to no topic", { TopicArn: "arn:aws:sns:ap-northeast-1:000000000000:gone", Message: "x" }, 404, "NotFound"],
    ["that is empty", { Message: "" }, 400, "InvalidParameter"],
    ["that is too long", { Message: "x".repeat(256 * 1024 + 1) }, 400, "InvalidParameter"],
    ["with too long a subject", { Message: "x", Subject: "x".repeat(101) }, 400, "InvalidParameter"],
  ])("%s is refused", async (_, form, status, code) => {
    const answer = await callSns("Publish", { TopicArn: (await createTopic()).id, ...form });

    expect(answer).toMatchObject({ status, xml: expect.stringContaining(`<Code>${code}</Code>`) as string });
  });

  test("is denied by the topic's policy, whatever the caller's own says", async () => {
    const topic = await createTopic();
    const statement = { Effect: "Deny", Principal: "*", Action: "sns:Publish", Resource: topic.id };
    await setPolicy(topic, toPolicy(statement));

    const { status, xml } = await callSns("Publish", { TopicArn: topic.id, Message: "x" });

    expect(status).toBe(403);
    expect(xml).toContain("<Code>AuthorizationError</Code>");
    expect(xml).toContain("explicit deny in a resource-based policy");
  });

  test.each([
    ["may", ["logs:*", "sns:Publish"], 200],
    ["may not", ["logs:*"], 403],
  ])("of a function whose role %s publish is answered %s", async (_, actions, expected) => {
    const topic = await createTopic();
    const role = await createRole(aws, actions);
    const publisher = await toCallingCode(`export const handler = async ({ topic }) => {
      const form = { Action: "Publish", Version: "2010-03-31", TopicArn: topic, Message: "hello" };
      const response = await call("sns", { body: String(new URLSearchParams(form)) });
      return response.status;
    };`);
    const fn = await createFunction(aws, publisher, { role: role.outputs["arn"] });

    expect((await invoke(aws, fn.id, { topic: topic.id })).body).toBe(expected);
  });
});

test("says what of the service is not simulated", async () => {
  const { status, xml } = await callSns("CreatePlatformApplication", { Name: "x" });

  expect(status).toBe(501);
  expect(xml).toContain("CreatePlatformApplication is not simulated");
});
