import { randomBytes } from "node:crypto";
import * as v from "valibot";
import { randomToken } from "../ids.ts";
import { resolves } from "../webhook/post.ts";
import { toErrorStatistics } from "../webhook/error-statistics.ts";
import { refuse } from "../world.ts";
import { action, channelId, findBotChannel, findChannel } from "./action.ts";

const onlyChannel = v.object({ channelId });

/** The switches of the console's Messaging API tab and of the account manager. */
export const setSettings = action(
  v.object({
    channelId,
    useWebhook: v.optional(v.boolean()),
    redelivery: v.optional(v.boolean()),
    errorStatistics: v.optional(v.boolean()),
    allowGroups: v.optional(v.boolean()),
    autoReply: v.optional(v.boolean()),
    greeting: v.optional(v.boolean()),
    chat: v.optional(v.boolean()),
    standby: v.optional(v.boolean()),
    verified: v.optional(v.boolean()),
    /** Messages in a month; null: unlimited. */
    quota: v.optional(v.nullable(v.number())),
  }),
  (world, { channelId: id, useWebhook, redelivery, errorStatistics, verified, quota, ...switches }) => {
    const channel = findBotChannel(world, id);
    const { webhook, settings, bot } = channel;
    webhook.active = useWebhook ?? webhook.active;
    webhook.redelivery = redelivery ?? webhook.redelivery;
    webhook.errorStatistics = errorStatistics ?? webhook.errorStatistics;
    bot.verified = verified ?? bot.verified;
    if (quota === null) delete channel.quota.limit;
    else if (quota !== undefined) channel.quota.limit = quota;
    for (const [name, value] of Object.entries(switches))
      if (value !== undefined) Object.assign(settings, { [name]: value });
    world.changed();
    return { webhook: { ...webhook, errors: webhook.errors.length }, settings };
  },
);

/** Types another webhook URL into the console. */
export const setWebhookUrl = action(v.object({ channelId, url: v.string() }), async (world, input) => {
  const { webhook } = findBotChannel(world, input.channelId);
  const url = URL.canParse(input.url) ? new URL(input.url) : undefined;
  if (url?.protocol !== "https:" || !(await resolves(url))) throw refuse("Invalid webhook endpoint URL");
  if (webhook.endpoint !== undefined) webhook.formerEndpoint = webhook.endpoint;
  webhook.changedAtMs = world.clock.now();
  webhook.endpoint = input.url;
  world.changed();
  return { endpoint: webhook.endpoint };
});

/** The "Verify" button. */
export const verifyWebhook = action(onlyChannel, (world, input) => {
  const channel = findBotChannel(world, input.channelId);
  if (channel.webhook.endpoint === undefined) throw refuse("Webhook endpoint not found", 404);
  return world.webhooks.test(channel, channel.webhook.endpoint);
});

/** The former secret is worth nothing from this moment on. */
export const reissueSecret = action(onlyChannel, (world, input) => {
  const channel = findChannel(world, input.channelId);
  channel.secret = randomBytes(16).toString("hex");
  world.changed();
  return { channelSecret: channel.secret };
});

/** Makes a long-lived token; the former one goes on for `keepHours` (at most 24). */
export const reissueLongLivedToken = action(
  v.object({ channelId, keepHours: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(24)), 0) }),
  (world, { keepHours, ...input }) => {
    const { tokens } = world.state;
    const { id } = findBotChannel(world, input.channelId);
    const nowMs = world.clock.now();
    for (const [text, token] of Object.entries(tokens)) {
      if (token.channelId !== id || token.kind !== "long-lived") continue;
      if (keepHours === 0) delete tokens[text];
      else token.expiresAtMs = Math.min(token.expiresAtMs ?? Infinity, nowMs + keepHours * 3_600_000);
    }
    const channelAccessToken = randomToken(128);
    tokens[channelAccessToken] = { channelId: id, kind: "long-lived", issuedAtMs: nowMs };
    world.changed();
    return { channelAccessToken };
  },
);

/** What the Basic settings tab shows to an admin. */
export const revealCredentials = action(onlyChannel, (world, input) => {
  const { id, secret } = findChannel(world, input.channelId);
  const [longLived] = Object.entries(world.state.tokens).findLast(
    ([, token]) => token.channelId === id && token.kind === "long-lived" && token.expiresAtMs === undefined,
  ) ?? [undefined];
  return {
    channelId: id,
    channelSecret: secret,
    ...(longLived !== undefined && { channelAccessToken: longLived }),
  };
});

export const downloadErrorStatistics = action(onlyChannel, (world, input) =>
  toErrorStatistics(findBotChannel(world, input.channelId)),
);
