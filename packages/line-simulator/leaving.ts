import type { Channel, Group } from "./state.ts";
import { emit, groupChat } from "./webhook/emit.ts";
import type { World } from "./world.ts";

/** The bot leaves by its own call, and gets an event of that too. */
export function leaveGroupAsBot(world: World, channel: Channel, group: Group): void {
  takeBotOut(world, group);
  // The call is answered before the event arrives; what came of it is in the traces.
  void emit(world, groupChat(channel, group), { type: "leave" });
}

export function takeBotOut(world: World, group: Group): void {
  delete group.channelId;
  delete group.joinUntold;
  world.changed();
}
