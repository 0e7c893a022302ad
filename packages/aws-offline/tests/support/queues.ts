import {
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
  type Message,
  type ReceiveMessageCommandInput,
  type SendMessageBatchRequestEntry,
} from "@aws-sdk/client-sqs";
import * as v from "valibot";
import { onTestFinished } from "vitest";
import type { AccessKey } from "../../sts/access-keys.ts";
import { toOwnerConfig } from "./owner-config.ts";
import { invoke } from "./aws-requests.ts";
import { createFunction, type TestAws } from "./local-aws.ts";
import type { Made, Properties } from "./provider-client.ts";

export const QUEUE_TYPES = {
  queue: "aws:sqs/queue:Queue",
  queuePolicy: "aws:sqs/queuePolicy:QueuePolicy",
  redrivePolicy: "aws:sqs/redrivePolicy:RedrivePolicy",
  redriveAllowPolicy: "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
  mapping: "aws:lambda/eventSourceMapping:EventSourceMapping",
};

/** How an official client reaches the local AWS: as the account's owner, or with another key. */
export function toClientConfig({ aws }: Pick<TestAws, "aws">, accessKey = aws.accessKey) {
  return { ...toOwnerConfig({ ...aws, accessKey }), maxAttempts: 1 };
}

/** A function of a role, and the key that its worker has; `{ end: true }` ends that worker. */
export async function createCaller(aws: TestAws, role: Made): Promise<{ fn: Made; accessKey: AccessKey }> {
  const handler = `export const handler = ({ end }) => end ? process.exit(1) : {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
    sessionToken: process.env.AWS_SESSION_TOKEN,
  };`;
  const fn = await createFunction(aws, handler, { role: role.outputs["arn"] });
  return { fn, accessKey: v.parse(keys, (await invoke(aws, fn.id, {})).body) };
}
const keys = v.object({ accessKeyId: v.string(), secretAccessKey: v.string(), sessionToken: v.string() });

export function createSqs(aws: Pick<TestAws, "aws">, accessKey?: AccessKey): SQSClient {
  const client = new SQSClient(toClientConfig(aws, accessKey));
  onTestFinished(() => client.destroy());
  return client;
}

export async function createQueue({ provider }: TestAws, more: Properties = {}): Promise<Made> {
  return provider.create(QUEUE_TYPES.queue, `queue-${++queues}`, { fifoQueue: true, ...more });
}
let queues = 0;

/** A FIFO queue that gives up a message after some receives. */
export async function createPair(
  aws: TestAws,
  maxReceiveCount: number,
  more: Properties = {},
): Promise<{ queue: Made; deadLetters: Made }> {
  const deadLetters = await createQueue(aws);
  const redrivePolicy = toRedrivePolicy(deadLetters, maxReceiveCount);
  return { queue: await createQueue(aws, { redrivePolicy, ...more }), deadLetters };
}

export function toRedrivePolicy(deadLetters: Made, maxReceiveCount = 3): string {
  return JSON.stringify({ deadLetterTargetArn: deadLetters.outputs["arn"], maxReceiveCount });
}

/** Sends one batch; `group/text` is a text of a group. */
export async function sendAll(client: SQSClient, { id: QueueUrl }: Made, texts: string[]): Promise<void> {
  const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries: texts.map(toEntry) }));
  if (Failed.length > 0) throw new Error(Failed[0]?.Message);
}

export function toEntry(text: string, index: number): SendMessageBatchRequestEntry {
  const [MessageGroupId = "", body = text] = text.split("/");
  return { Id: `entry-${index}`, MessageBody: body, MessageGroupId, MessageDeduplicationId: text.replace("/", "-") };
}

export async function receiveAll(
  client: SQSClient,
  { id: QueueUrl }: Made,
  more: Partial<ReceiveMessageCommandInput> = {},
): Promise<Message[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
      ...more,
    }),
  );
  return Messages;
}

/** What a queue shows, once that is something. */
export async function waitForMessages(client: SQSClient, queue: Made): Promise<Message[]> {
  for (;;) {
    const messages = await receiveAll(client, queue, { WaitTimeSeconds: 20 });
    if (messages.length > 0) return messages;
  }
}

export function bodiesOf(messages: Message[]): (string | undefined)[] {
  return messages.map(({ Body }) => Body);
}
