/** What other Pulumi programs import; importing it registers nothing. */
export { LineChannelWebhook, type LineChannelWebhookArgs } from "./channel-webhook/resource.ts";
export {
  type ForeignCredentials,
  LineWebhook,
  type LineWebhookArgs,
  type OwnedCredentials,
  type WorkerArgs,
} from "./line-webhook.ts";
