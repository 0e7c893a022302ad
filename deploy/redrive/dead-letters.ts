import { createHash } from "node:crypto";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import * as v from "valibot";

/** An event that failed again and again, without what its user wrote. */
export interface DeadLetter {
  /** The SHA-256 of its id, of which the worker's log lines show the first digits. */
  digest: string;
  type: string;
  /** When it happened, as LINE has it. */
  atMs: number;
  /** The id of the webhook request that it came with: `npm run logs -- <stack> --request <id>`. */
  correlationId: string;
  /** For the queue. */
  message: Message;
}

/** The form in which the receiver queues an event. */
const queued = v.object({
  event: v.object({ type: v.string(), webhookEventId: v.string(), timestamp: v.number() }),
  correlationId: v.string(),
});

export interface Queues {
  queueUrl: string;
  deadLetterQueueUrl: string;
}

/** How long nobody else sees a dead letter that is being looked at. */
const lookSeconds = 60;

/** Sent to the worker again, deleted for good, or left where it is. */
export type Decision = "send" | "delete" | "keep";

/**
 * Goes through the dead letters, in order within each conversation. One that was sent again, and has failed again
 * meanwhile, is left alone. Of a conversation with more than ten, the eleventh is not seen until the first are gone.
 */
export async function goThrough(
  client: SQSClient,
  queues: Queues,
  decide: (letter: DeadLetter) => Decision,
): Promise<void> {
  const seen = new Set<string>();
  const kept: Message[] = [];
  try {
    for (;;) {
      const messages = await receive(client, queues.deadLetterQueueUrl);
      if (messages.length === 0) return;
      for (const letter of messages.map(toDeadLetter)) {
        const decision = seen.has(letter.digest) ? "keep" : decide(letter);
        seen.add(letter.digest);
        if (decision === "keep") kept.push(letter.message);
        else await carryOut[decision](client, queues, letter.message);
      }
    }
  } finally {
    await Promise.all(kept.map((message) => giveBack(client, queues.deadLetterQueueUrl, message)));
  }
}

async function receive(client: SQSClient, deadLetterQueueUrl: string): Promise<Message[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: deadLetterQueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: lookSeconds,
      // A queue has several hosts: only a long poll asks them all.
      WaitTimeSeconds: 1,
      MessageSystemAttributeNames: ["MessageGroupId"],
    }),
  );
  return Messages;
}

function toDeadLetter(message: Message): DeadLetter {
  const { event, correlationId } = v.parse(queued, JSON.parse(message.Body ?? ""));
  const { type, webhookEventId, timestamp } = event;
  return { digest: digestOf(webhookEventId), type, atMs: timestamp, correlationId, message };
}

/** The whole hash of an id, which `functions/shared/log.ts` shortens for the log. */
const digestOf = (id: string) => createHash("sha256").update(id).digest("hex");

function giveBack(client: SQSClient, queueUrl: string, { ReceiptHandle }: Message) {
  return client.send(new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
}

type CarryOut = (client: SQSClient, queues: Queues, message: Message) => Promise<void>;

const carryOut: Readonly<Record<Exclude<Decision, "keep">, CarryOut>> = { send: sendAgain, delete: deleteForGood };

/**
 * Sends an event to the worker again, and only then deletes the dead letter: whatever happens in between, it is there
 * once or twice, and an event that is there twice is worked on once.
 */
async function sendAgain(client: SQSClient, queues: Queues, message: Message): Promise<void> {
  await client.send(
    new SendMessageCommand({
      QueueUrl: queues.queueUrl,
      MessageBody: message.Body,
      MessageGroupId: message.Attributes?.MessageGroupId,
      // Another one than the receiver's: within five minutes the queue would take that for a duplicate and drop it.
      MessageDeduplicationId: `redrive-${message.MessageId}`,
    }),
  );
  await deleteForGood(client, queues, message);
}

async function deleteForGood(client: SQSClient, queues: Queues, { ReceiptHandle }: Message): Promise<void> {
  await client.send(new DeleteMessageCommand({ QueueUrl: queues.deadLetterQueueUrl, ReceiptHandle }));
}
