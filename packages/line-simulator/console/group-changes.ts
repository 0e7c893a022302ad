import * as v from "valibot";
import { randomId, toUserId } from "../ids.ts";
import type { Group } from "../state.ts";
import { takeBotOut } from "../leaving.ts";
import { refuse, type World } from "../world.ts";
import { action, channelId, findBotChannel, findPerson, userId } from "./action.ts";
import { emit, groupChat, type Emitted } from "../webhook/emit.ts";

function findGroup(world: World, id: string): Group {
  const group = world.state.groups.find((candidate) => candidate.id === id);
  if (group === undefined) throw refuse(`No group or room has the id ${JSON.stringify(id)}`, 404);
  return group;
}

/** People open a group, or the older kind of chat of several people (a room). */
export const createGroup = action(
  v.object({
    channelId,
    userIds: v.pipe(v.array(userId), v.minLength(1)),
    name: v.optional(v.string(), "Group"),
    kind: v.optional(v.picklist(["group", "room"]), "group"),
  }),
  (world, { userIds, name, kind, ...input }) => {
    const channel = findBotChannel(world, input.channelId);
    const members = userIds.map((id) => findPerson(world, channel, id).id);
    const group: Group = { id: randomId(kind === "room" ? "R" : "C"), name, members };
    world.state.groups.push(group);
    world.changed();
    return { groupId: group.id };
  },
);

const inGroup = v.object({ channelId, groupId: v.string() });

/** A member brings the bot in: it has to be allowed, and be the only official account there. */
export const inviteBot = action(inGroup, async (world, input): Promise<Partial<Emitted>> => {
  const channel = findBotChannel(world, input.channelId);
  const group = findGroup(world, input.groupId);
  if (!channel.settings.allowGroups) {
    throw refuse(`${channel.bot.displayName} may not join group chats: switch that on in the console first`);
  }
  if (group.channelId !== undefined) throw refuse(`${group.name} has an official account already`);
  group.channelId = channel.id;
  world.changed();
  if (group.id.startsWith("C")) return emit(world, groupChat(channel, group), { type: "join" });
  group.joinUntold = true;
  return { seq: world.state.serial };
});

/** A member removes the bot. */
export const removeBot = action(inGroup, (world, input) => {
  const channel = findBotChannel(world, input.channelId);
  const group = findGroup(world, input.groupId);
  if (group.channelId !== channel.id) throw refuse(`${channel.bot.displayName} is not in ${group.name}`);
  takeBotOut(world, group);
  return emit(world, groupChat(channel, group), { type: "leave" });
});

const members = v.object({ channelId, groupId: v.string(), userIds: v.pipe(v.array(userId), v.minLength(1)) });

export const joinMembers = action(members, (world, input) =>
  changeMembers(world, input, "memberJoined", (group, ids) => {
    group.members = [...new Set([...group.members, ...ids])];
  }),
);

export const leaveMembers = action(members, (world, input) =>
  changeMembers(world, input, "memberLeft", (group, ids) => {
    group.members = group.members.filter((id) => !ids.includes(id));
  }),
);

async function changeMembers(
  world: World,
  input: v.InferOutput<typeof members>,
  type: "memberJoined" | "memberLeft",
  change: (group: Group, personIds: string[]) => void,
): Promise<Partial<Emitted>> {
  const channel = findBotChannel(world, input.channelId);
  const group = findGroup(world, input.groupId);
  const people = input.userIds.map((id) => findPerson(world, channel, id));
  change(
    group,
    people.map(({ id }) => id),
  );
  world.changed();
  if (group.channelId !== channel.id) return { seq: world.state.serial };
  const told = people.map((person) => ({
    type: "user" as const,
    ...(person.consent && { userId: toUserId(person, channel.providerId) }),
  }));
  const body = type === "memberJoined" ? { type, joined: { members: told } } : { type, left: { members: told } };
  return emit(world, groupChat(channel, group), body);
}
