import type { Clock } from "./clock.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Faults } from "./faults.ts";
import type { Channel, Group, Person, State } from "./state.ts";
import type { TraceLog } from "./traces.ts";
import type { Webhooks } from "./webhook/webhooks.ts";
import type { Contents } from "./contents.ts";
import type { Memory } from "./memory.ts";
import { LineError } from "./errors.ts";
import { toUserId } from "./ids.ts";

/** What every part of the simulator works on. */
export interface World {
  /** Kept: survives a restart. */
  state: State;
  /** Not kept: reply tokens, retry keys, rate limits and the like. */
  memory: Memory;
  contents: Contents;
  clock: Clock;
  behaviour: Behaviour;
  faults: Faults;
  traces: TraceLog;
  webhooks: Webhooks;
  /** Says that `state` changed and has to be written. */
  changed(): void;
  /** Resolves when all that changed so far is written. */
  saved(): Promise<void>;
}

export const tryFindChannel = (world: World, channelId: string): Channel | undefined =>
  world.state.channels.find(({ id }) => id === channelId);

/** The person whom this channel's provider knows by `userId`. */
export const tryFindPerson = (world: World, channel: Channel, userId: string): Person | undefined =>
  world.state.people.find((person) => toUserId(person, channel.providerId) === userId);

export const tryFindPersonById = (world: World, personId: string): Person | undefined =>
  world.state.people.find(({ id }) => id === personId);

/** The group or room, if this channel's bot is in it. */
export const tryFindGroup = (world: World, channel: Channel, groupId: string): Group | undefined =>
  world.state.groups.find(({ id, channelId }) => id === groupId && channelId === channel.id);

export function isFriend(channel: Channel, person: Person): boolean {
  const { friend = false, blocked = false } = channel.friends[person.id] ?? {};
  return friend && !blocked;
}

/** The day in Japan, by which LINE counts: `yyyyMMdd`. */
export const dayInJapan = (ms: number): string =>
  new Date(ms + 9 * 3_600_000).toISOString().slice(0, 10).replaceAll("-", "");

/** For what a person at the console or in the chat asks and cannot have. */
export const refuse = (message: string, status = 400): LineError => new LineError(status, message);
