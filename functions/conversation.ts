import type { webhook } from "@line/bot-sdk";

/** The chat that an event belongs to: within it order counts. An event without a source is alone. */
export function toConversation({ source, webhookEventId }: webhook.Event): string {
  if (source?.type === "group") return source.groupId;
  if (source?.type === "room") return source.roomId;
  return source?.userId ?? webhookEventId;
}
