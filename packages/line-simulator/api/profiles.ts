import type { messagingApi } from "@line/bot-sdk";
import { LineError, notFound } from "../errors.ts";
import { isUserId, toUserId } from "../ids.ts";
import { isFriend, tryFindPerson } from "../world.ts";
import type { Handler } from "./call.ts";
import { parseStart, toStart } from "./paging.ts";

const getBotInfo: Handler = ({ channel: { bot, settings } }): messagingApi.BotInfoResponse => ({
  userId: bot.userId,
  basicId: bot.basicId,
  ...(bot.premiumId !== undefined && { premiumId: bot.premiumId }),
  displayName: bot.displayName,
  ...(bot.pictureUrl !== undefined && { pictureUrl: bot.pictureUrl }),
  chatMode: settings.chat ? "chat" : "bot",
  markAsReadMode: settings.chat ? "manual" : "auto",
});

const getProfile: Handler = ({ world, channel, params }): messagingApi.UserProfileResponse => {
  const { userId = "" } = params;
  if (!isUserId(userId)) throw new LineError(400, "The value for the 'userId' parameter is invalid");
  const person = tryFindPerson(world, channel, userId);
  if (person === undefined || !person.consent || !isFriend(channel, person)) throw notFound();
  const { displayName, pictureUrl, statusMessage, language } = person;
  return {
    userId,
    displayName,
    ...(pictureUrl !== undefined && { pictureUrl }),
    ...(statusMessage !== undefined && { statusMessage }),
    ...(language !== undefined && { language }),
  };
};

const pageSize = 300;

/** Only verified and premium accounts may list their friends. */
const getFollowers: Handler = ({ world, channel, query }): messagingApi.GetFollowersResponse => {
  if (!channel.bot.verified) throw new LineError(403, "Access to this API is not available for your account");
  const limit = Number(query["limit"] ?? pageSize);
  const from = parseStart(query["start"]);
  const userIds = world.state.people
    .filter((person) => person.consent && isFriend(channel, person))
    .map((person) => toUserId(person, channel.providerId));
  const rest = userIds.length > from + limit;
  return { userIds: userIds.slice(from, from + limit), ...(rest && { next: toStart(from + limit) }) };
};

export const profileHandlers = { getBotInfo, getProfile, getFollowers };
