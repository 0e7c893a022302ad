import { randomBytes } from "node:crypto";
import type { messagingApi } from "@line/bot-sdk";
import { bodyErrors, LineError, notFound } from "../errors.ts";
import { tryReadImageSize } from "../image-size.ts";
import type { Channel } from "../state.ts";
import type { Call, Handler } from "./call.ts";

const maxMenus = 1000;
const required = ["size", "selected", "name", "chatBarText", "areas"] as const;

export const isRichMenuId = (id: string): boolean => /^richmenu-[0-9a-f]{32}$/.test(id);

/** The OpenAPI description requires nothing here; the API does, in words of its own. */
function checkMenu(menu: messagingApi.RichMenuRequest): void {
  const missing = required.filter((property) => menu[property] === undefined);
  if (missing.length > 0) throw bodyErrors(missing.map((property) => ({ message: "must be specified", property })));
}

const validateRichMenuObject: Handler<messagingApi.RichMenuRequest> = ({ body }) => checkMenu(body);

const createRichMenu: Handler<messagingApi.RichMenuRequest> = ({ world, channel, body }) => {
  checkMenu(body);
  const { menus } = channel.richMenus;
  if (Object.keys(menus).length >= maxMenus) throw new LineError(400, "The maximum number of rich menus is reached");
  const richMenuId = `richmenu-${randomBytes(16).toString("hex")}`;
  menus[richMenuId] = { richMenuId, ...body } as messagingApi.RichMenuResponse;
  world.changed();
  return { richMenuId };
};

function findMenu({ richMenus }: Channel, id: string | undefined): messagingApi.RichMenuResponse {
  const menu = id !== undefined && Object.hasOwn(richMenus.menus, id) ? richMenus.menus[id] : undefined;
  if (menu === undefined) throw notFound();
  return menu;
}

const getRichMenu: Handler = ({ channel, params }) => findMenu(channel, params["richMenuId"]);

const getRichMenuList: Handler = ({ channel }): messagingApi.RichMenuListResponse => ({
  richmenus: Object.values(channel.richMenus.menus),
});

/** Aliases stay: switching to one of a deleted menu ends in RICHMENU_NOTFOUND. */
const deleteRichMenu: Handler = ({ world, channel, params }) => {
  const { richMenuId } = findMenu(channel, params["richMenuId"]);
  const { richMenus } = channel;
  delete richMenus.menus[richMenuId];
  if (richMenus.default === richMenuId) delete richMenus.default;
  for (const [personId, id] of Object.entries(richMenus.ofPerson)) {
    if (id === richMenuId) delete richMenus.ofPerson[personId];
  }
  world.contents.delete(richMenuId);
  world.changed();
};

const maxImageBytes = 1024 * 1024;

/** @see https://developers.line.biz/en/reference/messaging-api/#upload-rich-menu-image-requirements */
function isAllowedImage(bytes: Uint8Array): boolean {
  const size = tryReadImageSize(bytes);
  if (size === undefined || bytes.byteLength > maxImageBytes) return false;
  const { width, height } = size;
  return width >= 800 && width <= 2500 && height >= 250 && width / height >= 1.45;
}

const setRichMenuImage: Handler<Uint8Array> = ({ world, channel, params, headers, body }) => {
  const { richMenuId } = findMenu(channel, params["richMenuId"]);
  const contentType = headers.get("content-type") ?? "";
  if (contentType !== "image/jpeg" && contentType !== "image/png") {
    throw new LineError(415, `The content type, ${contentType}, is not supported`);
  }
  if (world.contents.has(richMenuId)) {
    throw new LineError(400, "An image has already been uploaded to the richmenu");
  }
  if (!isAllowedImage(body)) throw new LineError(400, "The image size is not allowed for richmenu");
  world.contents.put(richMenuId, { contentType, bytes: body });
};

const getRichMenuImage: Handler = ({ world, channel, params }) => {
  const { richMenuId } = findMenu(channel, params["richMenuId"]);
  const image = world.contents.get(richMenuId);
  if (image === undefined) throw notFound();
  return new Response(new Uint8Array(image.bytes), { headers: { "content-type": image.contentType } });
};

/** A menu with its image: only such a one can be shown to people. */
export function findShowable({ world, channel }: Pick<Call, "world" | "channel">, id: string | undefined): string {
  const { richMenuId } = findMenu(channel, id);
  if (world.contents.has(richMenuId)) return richMenuId;
  throw new LineError(400, "must upload richmenu image before applying it to user", { details: [] });
}

const setDefaultRichMenu: Handler = (call) => {
  call.channel.richMenus.default = findShowable(call, call.params["richMenuId"]);
  call.world.changed();
};

const getDefaultRichMenuId: Handler = ({ channel }): messagingApi.RichMenuIdResponse => {
  const { default: richMenuId } = channel.richMenus;
  if (richMenuId === undefined) throw new LineError(404, "no default richmenu");
  return { richMenuId };
};

const cancelDefaultRichMenu: Handler = ({ world, channel }) => {
  delete channel.richMenus.default;
  world.changed();
};

export const richMenuHandlers = {
  createRichMenu,
  validateRichMenuObject,
  getRichMenu,
  getRichMenuList,
  deleteRichMenu,
  setRichMenuImage,
  getRichMenuImage,
  setDefaultRichMenu,
  getDefaultRichMenuId,
  cancelDefaultRichMenu,
};
