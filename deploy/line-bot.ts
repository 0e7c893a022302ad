import { type Bot, type Channel, LineRefused, openChannel } from "../infra/channel-webhook/channel.ts";
import { createPatience } from "../infra/channel-webhook/patience.ts";
import { UserError } from "../line/user-error.ts";

/** What LINE's refusal of a token means, by status. */
const meanings: Readonly<Record<number, string>> = {
  401: "LINE does not know this access token: it was revoked, has expired, or was reissued.",
  403: "These credentials are of a channel without a bot, such as a LINE Login channel: those of a Messaging API channel are needed.",
};

export interface BotChannel {
  channel: Channel;
  bot: Bot;
}

/**
 * Asks LINE whose token this is. One attempt for each call: a person waits.
 * @throws {UserError} where LINE refuses the token, saying why.
 */
export async function openBot(accessToken: string, apiUrl: URL): Promise<BotChannel> {
  const channel = openChannel({ apiUrl, accessToken, patience: createPatience({ budgetMs: 0 }) });
  try {
    return { channel, bot: await channel.getBot() };
  } catch (error) {
    if (!(error instanceof LineRefused)) throw error;
    throw new UserError([meanings[error.status], error.message].filter(Boolean).join(" "), { cause: error });
  }
}
