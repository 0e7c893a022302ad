/**
 * What LINE leaves undocumented, with what the simulator assumes until it is told otherwise.
 * Durations are in milliseconds of the simulator's clock.
 */
export interface Behaviour {
  /** LINE waits two seconds for the bot's answer. This one is documented; a debugger may want longer. */
  webhookTimeoutMs: number;
  /** How long a former webhook URL still gets events: "up to 1 minute". */
  webhookCacheMs: number;
  /** Whether setting a webhook URL looks its host up and refuses one that does not resolve. */
  setResolvesHost: boolean;
  /** For how long after it was first seen a host name counts as unresolvable, as a fresh tunnel's does. */
  freshHostRefusedMs: number;
  /** Whether the test call runs while "Use webhook" is off. */
  testWhileInactive: boolean;
  /** When a failed delivery is tried again, counted from the failure before. */
  redeliveryDelaysMs: readonly number[];
  /** Events of one channel within this time share a request. */
  groupEventsMs: number;
  /** How JSON outside ASCII is written in webhooks. */
  escapeStyle: "raw" | "escaped";
  /** The spelling of the signature header's name, which LINE once changed. */
  signatureHeader: string;
  /** How long after the webhook a reply token can be used. */
  replyTokenMs: number;
  /** How long a narrowcast waits before it is sent. */
  narrowcastMs: number;
  /** How long a batch of rich menu changes takes. */
  richMenuBatchMs: number;
  /** How long uploaded video and audio are in preparation. */
  transcodingMs: number;
}

export const defaultBehaviour: Behaviour = {
  webhookTimeoutMs: 2000,
  webhookCacheMs: 0,
  setResolvesHost: true,
  freshHostRefusedMs: 0,
  testWhileInactive: true,
  redeliveryDelaysMs: [60_000, 300_000, 900_000],
  groupEventsMs: 0,
  escapeStyle: "raw",
  signatureHeader: "x-line-signature",
  replyTokenMs: 60_000,
  narrowcastMs: 0,
  richMenuBatchMs: 0,
  transcodingMs: 0,
};
