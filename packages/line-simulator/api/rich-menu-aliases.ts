import type { messagingApi } from "@line/bot-sdk";
import { bodyErrors, LineError } from "../errors.ts";
import type { Channel } from "../state.ts";
import type { Call, Handler } from "./call.ts";
import { isRichMenuId } from "./rich-menus.ts";

const maxAliases = 1000;

/** An alias points to a menu that has its image. @throws {LineError} 400 otherwise. */
function checkTarget({ world, channel }: Pick<Call, "world" | "channel">, richMenuId: string): void {
  if (!isRichMenuId(richMenuId)) throw bodyErrors([{ message: "invalid richMenuId", property: "richMenuId" }]);
  const isThere = Object.hasOwn(channel.richMenus.menus, richMenuId) && world.contents.has(richMenuId);
  if (!isThere) throw new LineError(400, "richmenu not found");
}

function findAlias({ richMenus }: Channel, id: string | undefined): messagingApi.RichMenuAliasResponse {
  const richMenuId = id !== undefined && Object.hasOwn(richMenus.aliases, id) ? richMenus.aliases[id] : undefined;
  if (id === undefined || richMenuId === undefined) throw new LineError(404, "richmenu alias not found");
  return { richMenuAliasId: id, richMenuId };
}

const createRichMenuAlias: Handler<messagingApi.CreateRichMenuAliasRequest> = (call) => {
  const { world, channel, body } = call;
  const { aliases } = channel.richMenus;
  checkTarget(call, body.richMenuId);
  if (Object.hasOwn(aliases, body.richMenuAliasId)) throw new LineError(400, "conflict richmenu alias id");
  if (Object.keys(aliases).length >= maxAliases) {
    throw new LineError(400, "The maximum number of rich menu aliases is reached");
  }
  aliases[body.richMenuAliasId] = body.richMenuId;
  world.changed();
};

const updateRichMenuAlias: Handler<messagingApi.UpdateRichMenuAliasRequest> = (call) => {
  const { world, channel, body, params } = call;
  const { richMenuAliasId } = findAlias(channel, params["richMenuAliasId"]);
  checkTarget(call, body.richMenuId);
  channel.richMenus.aliases[richMenuAliasId] = body.richMenuId;
  world.changed();
};

const deleteRichMenuAlias: Handler = ({ world, channel, params }) => {
  delete channel.richMenus.aliases[findAlias(channel, params["richMenuAliasId"]).richMenuAliasId];
  world.changed();
};

const getRichMenuAlias: Handler = ({ channel, params }) => findAlias(channel, params["richMenuAliasId"]);

const getRichMenuAliasList: Handler = ({ channel }): messagingApi.RichMenuAliasListResponse => ({
  aliases: Object.keys(channel.richMenus.aliases).map((id) => findAlias(channel, id)),
});

export const richMenuAliasHandlers = {
  createRichMenuAlias,
  updateRichMenuAlias,
  deleteRichMenuAlias,
  getRichMenuAlias,
  getRichMenuAliasList,
};
