/** The program: one bot's backend, sized by the stack's configuration. */
import { buildArtifact } from "./artifact.ts";
import { readConfig } from "./config.ts";
import { entries } from "./entries.ts";
import { limitRoles } from "./limit-roles.ts";
import { LineWebhook } from "./line-webhook.ts";
import { requirePinned } from "./pin.ts";

const { channel, permissionsBoundary, pin, worker, ...settings } = readConfig();
const artifact = { name: "bot", entries: Object.values(entries), directory: "../.artifacts" };

// Before anything is registered: a stack that is pinned to another artifact stays as it is.
if (pin !== undefined) await requirePinned(await buildArtifact(artifact), pin);
if (permissionsBoundary !== undefined) limitRoles(permissionsBoundary);

const bot = new LineWebhook("bot", {
  ...settings,
  entry: entries.webhook,
  worker: { ...worker, entry: entries.worker },
  artifactDirectory: artifact.directory,
  artifactSha256: pin?.artifact,
  credentials: channel,
});

export const webhookUrl = bot.url;
export const webhookActive = bot.channelWebhook.active;
export const botName = bot.channelWebhook.botName;
export const botUserId = bot.channelWebhook.botUserId;
export const friendUrl = bot.channelWebhook.friendUrl;
export const functionName = bot.receiver.lambda.name;
export const functionVersion = bot.receiver.alias.functionVersion;
export const logGroup = bot.receiver.logGroup.name;
export const workerName = bot.worker?.lambda.name;
export const workerVersion = bot.worker?.alias.functionVersion;
export const workerLogGroup = bot.worker?.logGroup.name;
export const queueUrl = bot.worker?.queue.url;
export const deadLetterQueueUrl = bot.worker?.deadLetters.url;
export const eventsTable = bot.worker?.table.name;
export const alarmTopic = bot.alarms.topic.arn;
export const alarmNames = bot.alarms.alarms.map((alarm) => alarm.name);
export const artifactSha256 = bot.artifact.sha256;
export const provenArtifact = bot.channelWebhook.artifact;
export const provenArtifacts = bot.channelWebhook.provenArtifacts;
export const credentialsSecret = bot.credentialsSecretArn;
