import { type Bot, type Channel, LineRefused, openChannel } from "../infra/channel-webhook/channel.ts";
import { createPatience } from "../infra/channel-webhook/patience.ts";
import { CredentialsRefused, identify } from "../infra/channel-webhook/session.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";

export interface BotChannel {
  channel: Channel;
  bot: Bot;
}

/**
 * Asks LINE whose token this is.
 * @param patience Default: one attempt for each call, as a person waits.
 * @throws {UserError} where LINE refuses the token, saying why.
 */
export async function openBot(
  accessToken: string,
  apiUrl: URL,
  patience = createPatience({ budgetMs: 0 }),
): Promise<BotChannel> {
  const channel = openChannel({ apiUrl, accessToken, patience });
  try {
    return { channel, bot: await identify(channel) };
  } catch (error) {
    if (!(error instanceof CredentialsRefused || error instanceof LineRefused)) throw error;
    throw new UserError(error.message, { cause: error });
  }
}
