import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { type ChannelCredentials, parseCredentials } from "../line/credentials.ts";
import type { AwsSettings } from "./aws-settings.ts";
import type { Bot } from "./channel-webhook/channel.ts";
import { createPatience } from "./channel-webhook/patience.ts";
import { CredentialsRefused, nameOf, proveCredentials, requirePinned } from "./channel-webhook/session.ts";
import { NoCredentials, tryReadStoredCredentials } from "./stored-credentials.ts";

export interface NewCredentials {
  /** The text that is to be the secret's value. */
  text: string;
  /** The secret that they are for. */
  secretArn: string;
  apiUrl: URL;
  /** User id or basic id. */
  bot: string | undefined;
  stack: string;
  aws: AwsSettings;
  tell: (message: string) => void;
}

/**
 * Asks LINE for its word before a secret gets new credentials: what stands there, the functions take at once, and a
 * wrong channel secret has them refuse every webhook. Those of another bot come in by a pin alone.
 * @throws saying what is wrong with them and what to do, and never a value.
 */
export async function admitCredentials(given: NewCredentials): Promise<void> {
  const { credentials, bot } = await prove(given);
  requirePinned(bot, given.bot);
  if (given.bot === undefined) await requireSameChannel(given, credentials, bot);
}

async function prove({ text, apiUrl, stack, tell }: NewCredentials) {
  try {
    const credentials = parseCredentials(text);
    return { credentials, bot: await proveCredentials(credentials, apiUrl, createPatience({ tell })) };
  } catch (error) {
    throw new CredentialsRefused(
      `${messageOf(error).replace(/\.$/, "")}. Nothing was changed: the functions keep the credentials that they have. ` +
        `Set the channel's present ones with \`npm run credentials -- ${stack}\`, or with ` +
        `\`pulumi config set --secret line:channelSecret -s ${stack}\` (line:channelAccessToken alike), and deploy again.`,
      { cause: error },
    );
  }
}

async function requireSameChannel(
  { secretArn, aws, stack }: NewCredentials,
  { channelId }: ChannelCredentials,
  bot: Bot,
) {
  const present = await tryReadPresent(secretArn, aws);
  if (present === undefined || present.channelId === channelId) return;
  throw new CredentialsRefused(
    `The credentials are those of ${nameOf(bot)}, and the stack's are those of channel ${present.channelId}. Nothing was changed. ` +
      `If the stack is to move to the other bot, pin it with \`pulumi config set line:bot ${bot.userId} -s ${stack}\` and deploy again.`,
  );
}

/** What cannot be used is nothing to keep to. */
async function tryReadPresent(secretArn: string, aws: AwsSettings): Promise<ChannelCredentials | undefined> {
  try {
    return await tryReadStoredCredentials(secretArn, aws);
  } catch (error) {
    if (error instanceof NoCredentials) return undefined;
    throw error;
  }
}
