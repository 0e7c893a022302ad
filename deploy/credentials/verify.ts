import type { Bot } from "../../infra/channel-webhook/channel.ts";
import { nameOf } from "../../infra/channel-webhook/session.ts";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { issueAccessToken, TokenRefused } from "../../line/tokens.ts";
import { UserError } from "../../line/user-error.ts";
import { openBot } from "../line-bot.ts";

/**
 * Whose credentials these are, by LINE's word: id and secret are tried, and a long-lived token as well.
 * @throws {UserError} where LINE refuses any of them, or they are of two bots.
 */
export async function verifyCredentials(credentials: ChannelCredentials, apiUrl: URL): Promise<Bot> {
  try {
    return await verify(credentials, apiUrl);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${error.message} Nothing was written.`, { cause: error });
    throw new UserError(`LINE (${apiUrl.origin}) could not be asked: ${describe(error)}. Nothing was written.`, {
      cause: error,
    });
  }
}

async function verify(credentials: ChannelCredentials, apiUrl: URL): Promise<Bot> {
  const { channelId, channelSecret, channelAccessToken } = credentials;
  const { bot } = await openBot(await issue({ channelId, channelSecret }, apiUrl), apiUrl);
  if (channelAccessToken === undefined) return bot;
  const { bot: ofToken } = await openBot(channelAccessToken, apiUrl);
  if (ofToken.userId === bot.userId) return bot;
  throw new UserError(
    `The access token is that of ${nameOf(ofToken)}, and channel ID and secret are those of ${nameOf(bot)}. Take all three from one channel.`,
  );
}

async function issue(credentials: ChannelCredentials, apiUrl: URL): Promise<string> {
  try {
    const { accessToken } = await issueAccessToken(credentials, { apiUrl, signal: AbortSignal.timeout(15_000) });
    return accessToken;
  } catch (error) {
    if (!(error instanceof TokenRefused) || error.status >= 500) throw error;
    throw new UserError(
      `${error.message}. Channel ID and channel secret have to be those of one channel, and the secret its present one.`,
      { cause: error },
    );
  }
}

/** `fetch` says why only in its error's cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
