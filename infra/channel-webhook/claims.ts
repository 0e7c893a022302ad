import { isKnown, type Properties } from "./inputs.ts";

/**
 * Which endpoint each channel gets from the resources of the running operation. A channel is known by the ARN of its
 * credentials, by its pin, and by its bot's user id. It has one webhook: a second resource with another endpoint is
 * refused. When a resource is replaced or renamed, its successor has the same endpoint, is created first, and writes
 * nothing; deleting the former resource must not take it away.
 * The engine runs one process of this provider in an operation, and destroys without checking or creating anything.
 */
export type Claims = Map<string, string>;

/** Claims the endpoint for the channels. The endpoint that another resource has claimed for one of them, if any. */
export function tryClaim(claims: Claims, channels: unknown[], endpoint: unknown): string | undefined {
  if (typeof endpoint !== "string" || !isKnown(endpoint)) return undefined;
  const known = channels.filter((channel): channel is string => typeof channel === "string" && isKnown(channel));
  const others = known.map((channel) => claims.get(channel)).filter((claimed) => claimed !== undefined);
  for (const channel of known) if (!claims.has(channel)) claims.set(channel, endpoint);
  return others.find((claimed) => claimed !== endpoint);
}

export const claimInputs = (claims: Claims, { credentials, bot, endpoint }: Properties): string | undefined =>
  tryClaim(claims, [credentials, bot], endpoint);

export const describeRival = (endpoint: string): string =>
  `belongs to a channel that another LineChannelWebhook of this program points at ${endpoint}: ` +
  "LINE has one webhook for each channel, so leave one of the two out, or give it another channel's credentials";
