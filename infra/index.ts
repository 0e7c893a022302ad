/** The program: one bot's backend, sized by the stack's configuration. */
import { readConfig } from "./config.ts";
import { LineWebhook } from "./line-webhook.ts";

const { channel, ...settings } = readConfig();

const bot = new LineWebhook("bot", {
  ...settings,
  entry: "../functions/webhook.ts",
  artifactDirectory: "../.artifacts",
  credentials: channel,
});

export const webhookUrl = bot.url;
export const webhookActive = bot.channelWebhook.active;
export const botName = bot.channelWebhook.botName;
export const botUserId = bot.channelWebhook.botUserId;
export const friendUrl = bot.channelWebhook.friendUrl;
export const functionName = bot.functionName;
export const functionVersion = bot.functionVersion;
export const artifactSha256 = bot.artifact.sha256;
export const credentialsSecret = bot.credentialsSecretArn;
export const logGroup = bot.logGroupName;
