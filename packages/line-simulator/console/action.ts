import * as v from "valibot";
import type { Channel, Person } from "../state.ts";
import { refuse, tryFindChannel, tryFindPerson, type World } from "../world.ts";

/** Something that a person does at the console or in a chat: checked input, then its effect. */
export interface Action<Schema extends v.GenericSchema = v.GenericSchema, Result = unknown> {
  schema: Schema;
  run: (world: World, input: v.InferOutput<Schema>) => Result;
}

export const action = <Schema extends v.GenericSchema, Result>(
  schema: Schema,
  run: (world: World, input: v.InferOutput<Schema>) => Result,
): Action<Schema, Result> => ({ schema, run });

export const channelId = v.string();
export const userId = v.string();

/** A bot's channel. @throws {LineError} naming what was asked for. */
export function findBotChannel(world: World, id: string): Channel {
  const channel = findChannel(world, id);
  if (channel.kind !== "messaging-api") throw refuse(`Channel ${id} is a LINE Login channel: it has no bot`);
  return channel;
}

export function findChannel(world: World, id: string): Channel {
  const channel = tryFindChannel(world, id);
  if (channel === undefined) throw refuse(`No channel has the id ${JSON.stringify(id)}`, 404);
  return channel;
}

export function findPerson(world: World, channel: Channel, id: string): Person {
  const person = tryFindPerson(world, channel, id);
  if (person === undefined) throw refuse(`Nobody has the userId ${JSON.stringify(id)} with this provider`, 404);
  return person;
}
