import type { webhook } from "@line/bot-sdk";

/** What the receiver puts into the queue for the worker: one event. */
export interface QueueMessage {
  /** The user id of the bot. */
  destination: string;
  event: webhook.Event;
  /** The id of the webhook request, so that the log says what became of it. */
  correlationId: string;
  /** When that request came, by the clock: its reply token is good for a minute from then on. */
  receivedAtMs?: number | undefined;
}

/** SQS takes no message with these two in it, and JSON has another way to write them. */
const refusedCharacters = /[\uFFFE\uFFFF]/g;

/** The message's body. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export function formatQueueMessage({ destination, event, correlationId, receivedAtMs }: QueueMessage): string {
  return JSON.stringify({ destination, event, correlationId, receivedAtMs }).replace(
    refusedCharacters,
    (character) => String.raw`\u${character.charCodeAt(0).toString(16)}`,
  );
}
