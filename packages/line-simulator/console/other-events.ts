import * as v from "valibot";
import { ulid } from "ulid";
import { refuse } from "../world.ts";
import { action, channelId, findBotChannel, userId } from "./action.ts";
import type { LineEvent } from "../webhook/events.ts";
import { emit } from "../webhook/emit.ts";
import { findPlace } from "./writing.ts";

const one = { channelId, userId };

/** Switches to the menu behind an alias, as a tap on a rich menu's tab does. */
export const switchRichMenu = action(
  v.object({ ...one, data: v.string(), richMenuAliasId: v.string() }),
  (world, { data, richMenuAliasId, ...who }) => {
    const { channel, person, chat } = findPlace(world, who);
    const { menus, aliases, ofPerson } = channel.richMenus;
    const menu = Object.hasOwn(aliases, richMenuAliasId) ? aliases[richMenuAliasId] : undefined;
    const isThere = menu !== undefined && Object.hasOwn(menus, menu);
    const status = menu === undefined ? "RICHMENU_ALIAS_ID_NOTFOUND" : isThere ? "SUCCESS" : "RICHMENU_NOTFOUND";
    if (isThere) ofPerson[person.id] = menu;
    world.changed();
    const params = { newRichMenuAliasId: richMenuAliasId, status };
    return emit(world, chat, { type: "postback", postback: { data, params } });
  },
);

/** Watches a video with this tracking id to its end. */
export const completeVideo = action(v.object({ ...one, trackingId: v.string() }), (world, { trackingId, ...who }) => {
  const { chat } = findPlace(world, who);
  return emit(world, chat, { type: "videoPlayComplete", videoPlayComplete: { trackingId } });
});

export const meetBeacon = action(
  v.object({ ...one, hwid: v.string(), type: v.picklist(["enter", "banner", "stay"]), dm: v.optional(v.string()) }),
  (world, { hwid, type, dm, ...who }) => {
    const beacon = { hwid, type, ...(dm !== undefined && { dm }) };
    return emit(world, findPlace(world, who).chat, { type: "beacon", beacon });
  },
);

/** Links the account with a link token that the bot issued: used up, expired and made-up ones fail. */
export const linkAccount = action(
  v.object({ ...one, linkToken: v.string(), nonce: v.pipe(v.string(), v.minLength(10), v.maxLength(255)) }),
  (world, { linkToken, nonce, ...who }) => {
    const { channel, person, chat } = findPlace(world, who);
    const issued = world.memory.linkTokens.get(linkToken);
    world.memory.linkTokens.delete(linkToken);
    const isTheirs = issued?.channelId === channel.id && issued.personId === person.id;
    if (isTheirs && issued.expiresAtMs > world.clock.now()) {
      return emit(world, chat, { type: "accountLink", link: { result: "ok", nonce } });
    }
    const { source: _, ...nobody } = chat;
    return emit(world, nobody, { type: "accountLink", link: { result: "failed", nonce } });
  },
);

export const changeMembership = action(
  v.object({ ...one, type: v.picklist(["joined", "left", "renewed"]), membershipId: v.number() }),
  (world, { type, membershipId, ...who }) =>
    emit(world, findPlace(world, who).chat, { type: "membership", membership: { type, membershipId } }),
);

/** Kinds that come from the platform itself, to module channels and to senders of notification messages. */
const platformEvents = v.variant("type", [
  v.object({
    type: v.literal("module"),
    module: v.variant("type", [
      v.object({ type: v.literal("attached"), botId: v.string(), scopes: v.array(v.string()) }),
      v.object({ type: v.literal("detached"), botId: v.string(), reason: v.literal("bot_deleted") }),
    ]),
  }),
  v.object({ type: v.literal("activated"), chatControl: v.object({ expireAt: v.number() }) }),
  v.object({ type: v.literal("deactivated") }),
  v.object({ type: v.literal("botSuspended") }),
  v.object({ type: v.literal("botResumed") }),
  v.object({ type: v.literal("delivery"), delivery: v.object({ data: v.string() }) }),
]);

export const sendPlatformEvent = action(v.object({ channelId, event: platformEvents }), (world, input) =>
  emit(world, { channel: findBotChannel(world, input.channelId), chatId: "" }, input.event),
);

/** An event as given, of any kind: for kinds that LINE will add, and properties that nobody knows yet. */
export const sendRawEvents = action(
  v.object({ channelId, events: v.array(v.looseObject({ type: v.string() })) }),
  async (world, { events, ...input }) => {
    const channel = findBotChannel(world, input.channelId);
    if (events.length === 0) throw refuse("An empty list of events is what verifyWebhook sends");
    const timestamp = world.clock.now();
    const completed = events.map((event) => ({
      timestamp,
      mode: "active",
      webhookEventId: ulid(timestamp),
      deliveryContext: { isRedelivery: false },
      ...event,
    }));
    // Kinds that do not exist yet are the point here.
    const delivery = await world.webhooks.sendTogether(channel, completed as unknown as LineEvent[]);
    return { webhookEventIds: completed.map(({ webhookEventId }) => webhookEventId), delivery };
  },
);
