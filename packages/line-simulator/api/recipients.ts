import { LineError, invalidProperty } from "../errors.ts";
import { isGroupId, isRoomId, isUserId } from "../ids.ts";
import type { Channel, Person } from "../state.ts";
import { tryFindGroup, tryFindPerson } from "../world.ts";
import type { Call } from "./call.ts";

export interface Reach {
  chatId: string;
  /** How many people see it, as the quota counts. */
  recipients: number;
}

const weekMs = 7 * 86_400_000;

/**
 * Who sees a message pushed to `to`. A person of this provider who blocked the bot or never was a friend sees none,
 * and that is no error.
 * @throws {LineError} 400 for a malformed id, an unknown person, and a group that the bot is not in.
 */
export function findReach({ world, channel }: Pick<Call, "world" | "channel">, to: string): Reach {
  if (isGroupId(to) || isRoomId(to)) {
    const group = tryFindGroup(world, channel, to);
    if (group === undefined) throw new LineError(400, "Failed to send messages");
    return { chatId: to, recipients: group.members.length };
  }
  if (!isUserId(to)) throw invalidProperty("'to'");
  const person = tryFindPerson(world, channel, to);
  if (person === undefined) throw new LineError(400, "Failed to send messages");
  return { chatId: to, recipients: sees(channel, person, world.clock.now()) ? 1 : 0 };
}

/** Friends see messages, and for a week those who wrote without being one. */
export function sees(channel: Channel, person: Person, nowMs: number): boolean {
  const { friend = false, blocked = false, wroteAtMs = 0 } = channel.friends[person.id] ?? {};
  return !blocked && (friend || wroteAtMs > nowMs - weekMs);
}
