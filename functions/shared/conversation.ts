import type { webhook } from "@line/bot-sdk";

/** The chat that an event belongs to: within it order counts. An event without a source is alone. */
export function toConversation(event: webhook.Event): string {
  return tryFindRecipient(event) ?? event.webhookEventId;
}

/** Whom to write to in that chat: the group, the room, or the user. */
export function tryFindRecipient({ source }: webhook.Event): string | undefined {
  if (source?.type === "group") return source.groupId;
  if (source?.type === "room") return source.roomId;
  return source?.userId;
}
