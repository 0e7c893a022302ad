import * as v from "valibot";

/** What a channel's secret in Secrets Manager holds, as JSON. */
export interface ChannelCredentials {
  /** "Channel ID" in the console's Basic settings: decimal digits. */
  channelId: string;
  /** "Channel secret" in the console's Basic settings: 32 hexadecimal digits. */
  channelSecret: string;
  /** A long-lived token. Without it, short tokens are issued from id and secret when needed. */
  channelAccessToken?: string | undefined;
}

const withoutBlanks = v.pipe(v.string(), v.regex(/^\S+$/, "is empty or has white space in it"));

/** LINE states neither form as a promise, so only what breaks a signature or a request is refused. */
export const channelCredentialsSchema = v.object({
  channelId: v.pipe(withoutBlanks, v.regex(/^\d+$/, "is not made of digits")),
  channelSecret: withoutBlanks,
  channelAccessToken: v.optional(withoutBlanks),
});

/**
 * Parses the secret's text. White space around a value is an error, not trimmed: it would verify nothing.
 * @throws {Error} naming the property, never its value.
 */
export function parseCredentials(text: string): ChannelCredentials {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which is the secret.
    throw new Error("The channel's secret is not JSON");
  }
  const parsed = v.safeParse(channelCredentialsSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const reason = issue.kind === "schema" ? "is missing or not a string" : issue.message;
  throw new Error(`The channel's secret: ${v.getDotPath(issue) ?? "the value"} ${reason}`);
}
