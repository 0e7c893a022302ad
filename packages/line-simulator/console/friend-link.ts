import { toString as toQrCode } from "qrcode";
import * as v from "valibot";
import type { Channel } from "../state.ts";
import { action, channelId, findBotChannel } from "./action.ts";

/** @see https://developers.line.biz/en/docs/messaging-api/using-line-url-scheme/ */
export const toFriendUrl = ({ bot }: Channel): string =>
  `https://line.me/R/ti/p/${encodeURIComponent(bot.premiumId ?? bot.basicId)}`;

/** The link that adds the bot as a friend, and its QR code as an SVG. */
export const friendLink = action(v.object({ channelId }), async (world, input) => {
  const url = toFriendUrl(findBotChannel(world, input.channelId));
  return { url, qrCode: await toQrCode(url, { type: "svg" }) };
});
