import type { messagingApi } from "@line/bot-sdk";
import { LineError, notFound } from "../errors.ts";
import type { Narrowcast } from "../memory.ts";
import type { Call, Handler } from "./call.ts";
import { notSimulated } from "./not-simulated.ts";
import { findQuota, takeQuota } from "../quota.ts";
import { once } from "./retry-key.ts";
import { deliver } from "./send.ts";
import { friendsOf } from "./send-many.ts";

/** Attributes need at least so many friends; below, who they are could be guessed. */
const friendsForAttributes = 100;
const progressMs = 14 * 86_400_000;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type Request = messagingApi.NarrowcastRequest;

/** Accepted at once, sent after the behaviour's `narrowcastMs`. */
const narrowcast: Handler<Request> = (call) =>
  once(call, () => {
    const { world, channel, body, requestId } = call;
    checkLimit(body.limit);
    const userIds = findRecipients(call);
    const accepted: Narrowcast = { channelId: channel.id, acceptedAtMs: world.clock.now(), userIds };
    world.memory.narrowcasts.set(requestId, accepted);
    if (world.behaviour.narrowcastMs === 0) send(call, accepted);
    else world.clock.after(world.behaviour.narrowcastMs, () => send(call, accepted));
    return {};
  });

function checkLimit(limit: Request["limit"]): void {
  if (limit?.forbidPartialDelivery === true && limit.upToRemainingQuota !== true) {
    throw new LineError(400, "The option forbidPartialDelivery must be used with upToRemainingQuota.");
  }
}

function findRecipients(call: Call<Request>): string[] {
  const { world, channel, body } = call;
  const friends = friendsOf(world, channel);
  if (body.filter?.demographic !== undefined) {
    if (friends.length < friendsForAttributes) throw new LineError(403, "Your account does not have enough friends");
    throw notSimulated("narrowcasts filtered by attributes: its people have no gender, age or region");
  }
  const { recipient } = body;
  if (recipient === undefined) return friends;
  if (recipient.type === "audience")
    throw new LineError(400, `Invalid audience group id: ${recipient.audienceGroupId}`);
  if (recipient.type !== "redelivery") throw notSimulated("narrowcasts to combined recipients");
  const former = world.memory.narrowcasts.get(recipient.requestId ?? "");
  if (former?.channelId !== channel.id) throw new LineError(400, `Invalid request id: ${recipient.requestId}`);
  return former.userIds.filter((userId) => friends.includes(userId));
}

/** What the limits leave over is sent; the outcome is what the progress call tells. */
function send({ world, channel, body }: Call<Request>, accepted: Narrowcast): void {
  accepted.completedAtMs = world.clock.now();
  const { limit } = body;
  const { limit: quota, used } = findQuota(world, channel);
  const remaining = limit?.upToRemainingQuota === true && quota !== undefined ? quota - used : Infinity;
  const max = Math.min(limit?.max ?? Infinity, remaining);
  if (limit?.forbidPartialDelivery === true && accepted.userIds.length > max) {
    accepted.failure = { errorCode: 5, failedDescription: "The number of recipients exceeds the limit" };
    return;
  }
  accepted.userIds = accepted.userIds.slice(0, max);
  if (accepted.userIds.length === 0) {
    accepted.failure = { errorCode: 2, failedDescription: "There are not enough recipients" };
    return;
  }
  try {
    takeQuota(world, channel, accepted.userIds.length);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    accepted.failure = { errorCode: 1, failedDescription: error.message };
    return;
  }
  for (const userId of accepted.userIds) deliver({ world, channel }, userId, body.messages);
}

const getNarrowcastProgress: Handler = ({ world, channel, query }): messagingApi.NarrowcastProgressResponse => {
  const { requestId = "" } = query;
  if (!uuid.test(requestId)) throw new LineError(400, "The value for the 'requestId' parameter is invalid");
  const found = world.memory.narrowcasts.get(requestId);
  if (found?.channelId !== channel.id || world.clock.now() > found.acceptedAtMs + progressMs) throw notFound();
  const { acceptedAtMs, completedAtMs, userIds, failure } = found;
  const acceptedTime = toDate(acceptedAtMs);
  if (completedAtMs === undefined) return { phase: "waiting", acceptedTime };
  const sent = failure === undefined ? userIds.length : 0;
  return {
    phase: failure === undefined ? "succeeded" : "failed",
    successCount: sent,
    failureCount: 0,
    targetCount: userIds.length,
    ...failure,
    acceptedTime,
    completedTime: toDate(completedAtMs),
  };
};

/** ISO 8601 in the answer; the client's type calls it a date. */
const toDate = (ms: number): Date => new Date(ms);

export const narrowcastHandlers = { narrowcast, getNarrowcastProgress };
