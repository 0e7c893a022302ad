import type { messagingApi } from "@line/bot-sdk";
import { LineError } from "../errors.ts";
import { resolves } from "../webhook/post.ts";
import { findEndpoint } from "../webhook/webhooks.ts";
import type { World } from "../world.ts";
import type { Handler } from "./call.ts";

const invalidUrl = () => new LineError(400, "Invalid webhook endpoint URL");
const noEndpoint = () => new LineError(404, "Webhook endpoint not found");

const getWebhookEndpoint: Handler = ({ channel: { webhook } }): messagingApi.GetWebhookEndpointResponse => {
  if (webhook.endpoint === undefined) throw noEndpoint();
  return { endpoint: webhook.endpoint, active: webhook.active };
};

const setWebhookEndpoint: Handler<messagingApi.SetWebhookEndpointRequest> = async ({ world, channel, body }) => {
  const url = parseEndpoint(body.endpoint);
  if (world.behaviour.setResolvesHost) await checkHost(world, url);
  if (world.behaviour.setSendsTest && !(await world.webhooks.test(channel, body.endpoint)).success) throw invalidUrl();
  const { webhook } = channel;
  if (webhook.endpoint !== undefined) webhook.formerEndpoint = webhook.endpoint;
  webhook.changedAtMs = world.clock.now();
  webhook.endpoint = body.endpoint;
  if (world.behaviour.setActivates) webhook.active = true;
  world.changed();
};

const testWebhookEndpoint: Handler<messagingApi.TestWebhookEndpointRequest | undefined> = async (call) => {
  const { world, channel, body } = call;
  const configured = world.behaviour.testUsesCache ? findEndpoint(world, channel) : channel.webhook.endpoint;
  const endpoint = body?.endpoint ?? configured;
  if (endpoint === undefined) throw noEndpoint();
  await checkHost(world, parseEndpoint(endpoint));
  const timestamp = new Date(world.clock.now()).toISOString();
  if (!channel.webhook.active && !world.behaviour.testWhileInactive) {
    return { success: false, timestamp, statusCode: 0, reason: "UNCLASSIFIED", detail: "Webhook is not active" };
  }
  const { success, statusCode, reason, detail } = await world.webhooks.test(channel, endpoint);
  return { success, timestamp, statusCode, reason, detail };
};

/** An https URL in ASCII: domain, path, query and fragment have to arrive percent-encoded. */
function parseEndpoint(text: string): URL {
  const isAscii = /^[\x21-\x7e]+$/.test(text);
  const url = isAscii && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" || !/^https:\/\//i.test(text) || url.username !== "") throw invalidUrl();
  return url;
}

/** Refuses a host without an address, and for a while one that is new, where the behaviour says so. */
async function checkHost({ clock, memory, behaviour }: World, url: URL): Promise<void> {
  const seenAtMs = memory.hostsSeenAtMs.get(url.hostname) ?? clock.now();
  memory.hostsSeenAtMs.set(url.hostname, seenAtMs);
  if (clock.now() < seenAtMs + behaviour.freshHostRefusedMs || !(await resolves(url))) throw invalidUrl();
}

export const webhookEndpointHandlers = { getWebhookEndpoint, setWebhookEndpoint, testWebhookEndpoint };
