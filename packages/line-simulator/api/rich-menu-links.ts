import type { messagingApi } from "@line/bot-sdk";
import { bodyErrors, invalidProperty, LineError } from "../errors.ts";
import { isUserId } from "../ids.ts";
import { isFriend, tryFindPerson } from "../world.ts";
import type { Person } from "../state.ts";
import type { Call, Handler } from "./call.ts";
import { findShowable, isRichMenuId } from "./rich-menus.ts";

/** The friend meant by the path; strangers are passed over in silence. */
function tryFindFriend({ world, channel, params }: Call): Person | undefined {
  const { userId = "" } = params;
  if (!isUserId(userId)) throw new LineError(400, "The value for the 'userId' parameter is invalid");
  const person = tryFindPerson(world, channel, userId);
  return person !== undefined && isFriend(channel, person) ? person : undefined;
}

const linkRichMenuIdToUser: Handler = (call) => {
  const friend = tryFindFriend(call);
  const richMenuId = findShowable(call, call.params["richMenuId"]);
  if (friend !== undefined) link(call, friend, richMenuId);
};

const getRichMenuIdOfUser: Handler = (call): messagingApi.RichMenuIdResponse => {
  const friend = tryFindFriend(call);
  const richMenuId = friend && call.channel.richMenus.ofPerson[friend.id];
  if (richMenuId === undefined) throw new LineError(404, "the user has no richmenu");
  return { richMenuId };
};

const unlinkRichMenuIdFromUser: Handler = (call) => {
  const friend = tryFindFriend(call);
  if (friend !== undefined) unlink(call, friend);
};

function link({ world, channel }: Pick<Call, "world" | "channel">, { id }: Person, richMenuId: string): void {
  channel.richMenus.ofPerson[id] = richMenuId;
  world.changed();
}

function unlink({ world, channel }: Pick<Call, "world" | "channel">, { id }: Person): void {
  delete channel.richMenus.ofPerson[id];
  world.changed();
}

function friendsAmong({ world, channel }: Pick<Call, "world" | "channel">, userIds: readonly string[]): Person[] {
  const malformed = userIds.findIndex((id) => !isUserId(id));
  if (malformed >= 0) throw invalidProperty(`'userIds[${malformed}]'`);
  return userIds
    .map((userId) => tryFindPerson(world, channel, userId))
    .filter((person) => person !== undefined)
    .filter((person) => isFriend(channel, person));
}

const linkRichMenuIdToUsers: Handler<messagingApi.RichMenuBulkLinkRequest> = (call) => {
  const { channel, body } = call;
  const friends = friendsAmong(call, body.userIds);
  if (!isRichMenuId(body.richMenuId)) {
    throw bodyErrors([{ message: "invalid richMenuId", property: "richMenuId" }]);
  }
  if (!Object.hasOwn(channel.richMenus.menus, body.richMenuId)) throw new LineError(404, "richmenu not found");
  const richMenuId = findShowable(call, body.richMenuId);
  for (const friend of friends) link(call, friend, richMenuId);
};

const unlinkRichMenuIdFromUsers: Handler<messagingApi.RichMenuBulkUnlinkRequest> = (call) => {
  for (const friend of friendsAmong(call, call.body.userIds)) unlink(call, friend);
};

export const richMenuLinkHandlers = {
  linkRichMenuIdToUser,
  getRichMenuIdOfUser,
  unlinkRichMenuIdFromUser,
  linkRichMenuIdToUsers,
  unlinkRichMenuIdFromUsers,
};
