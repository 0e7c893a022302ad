import type { ChatMessage } from "./state.ts";
import type { World } from "./world.ts";

/** How many messages are remembered over all chats. */
const keptMessages = 2000;

/** Puts a message into its chat: the page and anyone who waits for an answer hear of it. */
export function addMessage(world: World, message: Omit<ChatMessage, "seq" | "sentAtMs">): ChatMessage {
  const { state, clock, traces, contents } = world;
  const added: ChatMessage = { ...message, seq: ++state.serial, sentAtMs: clock.now() };
  state.messages.push(added);
  if (state.messages.length > keptMessages + 100) {
    for (const { id } of state.messages.splice(0, state.messages.length - keptMessages)) contents.delete(id);
  }
  traces.add({
    kind: "message",
    channelId: added.channelId,
    chatId: added.chatId,
    change: "new",
    message: { ...added },
  });
  world.changed();
  return added;
}

export const tryFindMessage = ({ state }: World, channelId: string, id: string): ChatMessage | undefined =>
  state.messages.findLast((message) => message.id === id && message.channelId === channelId);

/** Tells of a change to a message that is already in its chat. */
export function touchMessage(world: World, message: ChatMessage, change: "edited" | "unsent" | "read"): void {
  const { channelId, chatId } = message;
  world.traces.add({ kind: "message", channelId, chatId, change, message: { ...message } });
  world.changed();
}
