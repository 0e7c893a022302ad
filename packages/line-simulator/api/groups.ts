import { LineError, notFound } from "../errors.ts";
import { isGroupId, isRoomId, isUserId, toUserId } from "../ids.ts";
import type { Group } from "../state.ts";
import { leaveGroupAsBot } from "../leaving.ts";
import { tryFindGroup, tryFindPerson, tryFindPersonById, type World } from "../world.ts";
import type { Call, Handler } from "./call.ts";
import { parseStart, toStart } from "./paging.ts";

const pageSize = 100;

function findGroup({ world, channel, params }: Call): Group {
  const id = params["groupId"] ?? params["roomId"] ?? "";
  const [name, isValid] = params["groupId"] === undefined ? ["roomId", isRoomId(id)] : ["groupId", isGroupId(id)];
  if (!isValid) throw new LineError(400, `The value for the '${name}' parameter is invalid`);
  const group = tryFindGroup(world, channel, id);
  if (group === undefined) throw notFound();
  return group;
}

const getGroupSummary: Handler = (call) => {
  const { id, name, pictureUrl } = findGroup(call);
  return { groupId: id, groupName: name, ...(pictureUrl !== undefined && { pictureUrl }) };
};

/** The bot is not counted. */
const getMemberCount: Handler = (call) => ({ count: findGroup(call).members.length });

/** Works for members who are no friends of the bot too. */
const getMemberProfile: Handler = (call) => {
  const group = findGroup(call);
  const { userId = "" } = call.params;
  if (!isUserId(userId)) throw new LineError(400, "The value for the 'userId' parameter is invalid");
  const person = tryFindPerson(call.world, call.channel, userId);
  if (person === undefined || !person.consent || !group.members.includes(person.id)) throw notFound();
  const { displayName, pictureUrl } = person;
  return { displayName, userId, ...(pictureUrl !== undefined && { pictureUrl }) };
};

const getMembersIds: Handler = (call) => {
  const group = findGroup(call);
  if (!call.channel.bot.verified) throw new LineError(403, "Access to this API is not available for your account");
  const from = parseStart(call.query["start"]);
  const ids = consenting(call.world, group).map((person) => toUserId(person, call.channel.providerId));
  const hasMore = ids.length > from + pageSize;
  return { memberIds: ids.slice(from, from + pageSize), ...(hasMore && { next: toStart(from + pageSize) }) };
};

const consenting = (world: World, { members }: Group) =>
  members
    .map((id) => tryFindPersonById(world, id))
    .filter((person) => person !== undefined)
    .filter(({ consent }) => consent);

const leaveGroup: Handler = (call) => leaveGroupAsBot(call.world, call.channel, findGroup(call));

/** A room that the bot is not in is no error; one that does not exist is. */
const leaveRoom: Handler = (call) => {
  const { world, channel, params } = call;
  const room = world.state.groups.find(({ id }) => id === params["roomId"]);
  if (room === undefined || room.channelId === channel.id) leaveGroupAsBot(world, channel, findGroup(call));
};

export const groupHandlers = {
  getGroupSummary,
  getGroupMemberCount: getMemberCount,
  getRoomMemberCount: getMemberCount,
  getGroupMemberProfile: getMemberProfile,
  getRoomMemberProfile: getMemberProfile,
  getGroupMembersIds: getMembersIds,
  getRoomMembersIds: getMembersIds,
  leaveGroup,
  leaveRoom,
};
