import * as v from "valibot";
import type { ChannelCredentials } from "./credentials.ts";

export interface AccessToken {
  accessToken: string;
  /** Milliseconds since 1970; `Infinity` for a long-lived token. */
  expiresAtMs: number;
}

const issued = v.object({ access_token: v.string(), expires_in: v.number() });

/** LINE answered, and not with a token. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
  readonly status: number;
  constructor(status: number, reason: string) {
    super(`LINE refused to issue an access token: ${status} ${reason}`);
    this.status = status;
  }
}

/**
 * The channel's long-lived token where the credentials have one; else a stateless token (15 minutes, any number of
 * them at once, cannot be revoked), issued from channel id and secret.
 * @see https://developers.line.biz/en/reference/messaging-api/#issue-stateless-channel-access-token
 * @throws {TokenRefused} when LINE answers without a token; the message holds LINE's error, never the secret.
 */
export async function issueAccessToken(
  credentials: ChannelCredentials,
  { apiUrl, signal, now = Date.now }: { apiUrl: URL; signal?: AbortSignal; now?: () => number },
): Promise<AccessToken> {
  if (credentials.channelAccessToken !== undefined) {
    return { accessToken: credentials.channelAccessToken, expiresAtMs: Number.POSITIVE_INFINITY };
  }
  const askedAtMs = now();
  const response = await fetch(new URL("/oauth2/v3/token", apiUrl), {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: credentials.channelId,
      client_secret: credentials.channelSecret,
    }),
    redirect: "error",
    signal: signal ?? null,
  });
  const text = await response.text();
  if (!response.ok) throw new TokenRefused(response.status, describeError(text));
  const token = v.parse(issued, JSON.parse(text));
  return { accessToken: token.access_token, expiresAtMs: askedAtMs + token.expires_in * 1000 };
}

/** Token calls answer `{"error","error_description"?}`, other calls of LINE `{"message"}`. */
const tokenError = v.object({
  error: v.optional(v.string()),
  error_description: v.optional(v.string()),
  message: v.optional(v.string()),
});

function describeError(text: string): string {
  try {
    const { error, error_description, message } = v.parse(tokenError, JSON.parse(text));
    return [error, error_description, message].filter((part) => part !== undefined).join(": ");
  } catch {
    // Its text may be anything, and is not shown.
    return "(an answer that is not LINE's)";
  }
}
