import type { messagingApi } from "@line/bot-sdk";
import { LineError } from "../errors.ts";
import { isUserId, toUserId } from "../ids.ts";
import type { Channel } from "../state.ts";
import { isFriend, tryFindPerson, type World } from "../world.ts";
import type { Handler } from "./call.ts";
import { countSent, countUnits, takeQuota } from "../quota.ts";
import { sees } from "./recipients.ts";
import { once } from "./retry-key.ts";
import { deliver } from "./send.ts";

/** Strangers, and people of other providers, are passed over in silence; a malformed id is not. */
const multicast: Handler<messagingApi.MulticastRequest> = (call) =>
  once(call, () => {
    const { world, channel, body } = call;
    const malformed = body.to.findIndex((id) => !isUserId(id));
    if (malformed >= 0) {
      throw new LineError(400, `The property, to[${malformed}], in the request body is invalid (line: -, column: -)`);
    }
    const userIds = [...new Set(body.to)].filter((userId) => {
      const person = tryFindPerson(world, channel, userId);
      return person !== undefined && sees(channel, person, world.clock.now());
    });
    sendToAll(world, channel, userIds, body.messages, "multicast");
    countUnits(world, channel, body.customAggregationUnits);
    return {};
  });

const broadcast: Handler<messagingApi.BroadcastRequest> = (call) =>
  once(call, () => {
    const { world, channel, body } = call;
    sendToAll(world, channel, friendsOf(world, channel), body.messages, "broadcast");
    return {};
  });

export const friendsOf = (world: World, channel: Channel): string[] =>
  world.state.people
    .filter((person) => isFriend(channel, person))
    .map((person) => toUserId(person, channel.providerId));

function sendToAll(
  world: World,
  channel: Channel,
  userIds: string[],
  messages: messagingApi.Message[],
  kind: "multicast" | "broadcast",
): void {
  takeQuota(world, channel, userIds.length);
  countSent(world, channel, kind, userIds.length);
  for (const userId of userIds) deliver({ world, channel }, userId, messages);
}

/** The shape alone is checked: the table of shapes has refused what is wrong before this is reached. */
const valid: Handler = () => ({});

export const sendManyHandlers = {
  multicast,
  broadcast,
  validateReply: valid,
  validatePush: valid,
  validateMulticast: valid,
  validateNarrowcast: valid,
  validateBroadcast: valid,
};
