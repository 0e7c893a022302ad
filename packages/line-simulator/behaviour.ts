import * as v from "valibot";

/** Milliseconds of the simulator's clock. */
const duration = v.pipe(v.number(), v.minValue(0));

/** What LINE leaves undocumented, and a few documented times that a debugger may want longer. */
export const behaviourSchema = v.strictObject({
  /** LINE waits two seconds for the bot's answer: documented. */
  webhookTimeoutMs: duration,
  /** How long a former webhook URL still gets events: documented as "up to 1 minute". */
  webhookCacheMs: duration,
  /** Whether the test call without a URL goes by that cache too. */
  testUsesCache: v.boolean(),
  /** Whether the test call runs while "Use webhook" is off. */
  testWhileInactive: v.boolean(),
  /** Whether setting a webhook URL looks its host up and refuses one without an address. */
  setResolvesHost: v.boolean(),
  /** For how long after it was first seen a host name counts as one without an address, as a fresh tunnel's does. */
  freshHostRefusedMs: duration,
  /** Whether setting a webhook URL sends it the test request and refuses one that does not answer 2xx. */
  setSendsTest: v.boolean(),
  /** Whether setting a webhook URL switches "Use webhook" on. */
  setActivates: v.boolean(),
  /** The message of a 401 for a token that is unknown, expired or revoked: only its beginning is documented. */
  unauthorizedMessage: v.string(),
  /** When a failed delivery is tried again, each counted from the failure before. */
  redeliveryDelaysMs: v.array(duration),
  /** Whether events that shared a request are redelivered each alone. */
  redeliverAlone: v.boolean(),
  /** Events of one channel within this time share a request; 0: never. */
  groupEventsMs: duration,
  /** How JSON outside ASCII is written in webhooks. */
  escapeStyle: v.picklist(["raw", "escaped"]),
  /** The webhook's content type. */
  contentType: v.string(),
  /** The spelling of the signature header's name, which LINE changed once. */
  signatureHeader: v.pipe(v.string(), v.regex(/^x-line-signature$/i)),
  /** Whether a webhook follows redirects. */
  followRedirects: v.boolean(),
  /** Whether connections to the bot are kept for the next event. */
  keepConnections: v.boolean(),
  /** How long after the webhook a reply token can be used: documented as "within one minute". */
  replyTokenMs: duration,
  /** How long a narrowcast waits before it is sent. */
  narrowcastMs: duration,
  /** How long a batch of rich menu changes takes. */
  richMenuBatchMs: duration,
  /** How long uploaded video and audio are in preparation. */
  transcodingMs: duration,
  /** How long uploaded content can be fetched. */
  contentKeptMs: duration,
});

export type Behaviour = v.InferOutput<typeof behaviourSchema>;

/** What is assumed until a test or a person says otherwise: the friendliest that the documentation allows. */
export const defaultBehaviour: Readonly<Behaviour> = {
  webhookTimeoutMs: 2000,
  webhookCacheMs: 0,
  testUsesCache: false,
  testWhileInactive: true,
  setResolvesHost: true,
  freshHostRefusedMs: 0,
  setSendsTest: false,
  setActivates: false,
  unauthorizedMessage:
    "Authentication failed due to the following reason: invalid token. " +
    "Confirm that the access token in the authorization header is valid.",
  redeliveryDelaysMs: [60_000, 300_000, 900_000],
  redeliverAlone: false,
  groupEventsMs: 0,
  escapeStyle: "raw",
  contentType: "application/json; charset=utf-8",
  signatureHeader: "x-line-signature",
  followRedirects: false,
  keepConnections: true,
  replyTokenMs: 60_000,
  narrowcastMs: 0,
  richMenuBatchMs: 0,
  transcodingMs: 0,
  contentKeptMs: 365 * 86_400_000,
};
