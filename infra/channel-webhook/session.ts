import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { parseLineApiUrl } from "../../line/api-url.ts";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { issueAccessToken, TokenRefused } from "../../line/tokens.ts";
import type { EngineLog } from "../engine-log.ts";
import { NoCredentials } from "../stored-credentials.ts";
import { type Bot, type Channel, LineRefused, openChannel } from "./channel.ts";
import type { Claims } from "./claims.ts";
import type { WebhookInputs, WebhookState } from "./inputs.ts";
import type { Aliases } from "./live-versions.ts";
import { createPatience, type Patience, type PatienceOptions, persist } from "./patience.ts";

/** What the provider needs of the world. */
export interface ProviderWorld {
  /** The credentials' present value. @throws {NoCredentials} when there are none. */
  readCredentials(secretArn: string): Promise<ChannelCredentials>;
  log: EngineLog;
  aliases: Aliases;
  /** What the resources of this process's operation claim, for `remove`; see `claims.ts`. */
  claims: Claims;
  /** Between attempts. Default: the clock's time. */
  wait?: PatienceOptions["wait"] | undefined;
  /** The limit of all waiting in one operation. */
  budgetMs?: number | undefined;
  /** The limit of one call of LINE's API. */
  timeoutMs?: number | undefined;
  /** Default: the platform's. */
  fetch?: typeof globalThis.fetch | undefined;
}

/** A channel that answers, and whose it is. */
export interface Session {
  channel: Channel;
  bot: Bot;
  patience: Patience;
}

/** LINE does not take these credentials, or they are another bot's: nothing was done, nor will be with them. */
export class CredentialsRefused extends Error {
  override readonly name = "CredentialsRefused";
}

/** Whether the channel cannot be reached any more with what there is; otherwise a later attempt may succeed. */
export const isCutOff = (error: unknown): boolean =>
  error instanceof NoCredentials ||
  error instanceof CredentialsRefused ||
  (error instanceof LineRefused && error.isFinal);

export async function connect(world: ProviderWorld, inputs: WebhookInputs): Promise<Session> {
  const apiUrl = parseLineApiUrl(inputs.apiUrl);
  const credentials = await world.readCredentials(inputs.credentials);
  const { log, wait, budgetMs, timeoutMs, fetch } = world;
  const patience = createPatience({
    tell: (message) => log.info(message),
    ...(wait === undefined ? {} : { wait }),
    ...(budgetMs === undefined ? {} : { budgetMs }),
  });
  const accessToken = await issueToken(credentials, apiUrl, patience);
  const channel = openChannel({ apiUrl, accessToken, patience, timeoutMs, fetch });
  return { channel, bot: await identify(channel), patience };
}

/**
 * Whose credentials these are, by LINE's word: id and secret are tried, and a long-lived token as well.
 * @throws {CredentialsRefused} where LINE refuses any of them, or they are of two bots.
 */
export async function proveCredentials(credentials: ChannelCredentials, apiUrl: URL, patience: Patience): Promise<Bot> {
  const { channelId, channelSecret, channelAccessToken } = credentials;
  const open = (accessToken: string) => identify(openChannel({ apiUrl, accessToken, patience }));
  const bot = await open(await issueToken({ channelId, channelSecret }, apiUrl, patience));
  if (channelAccessToken === undefined) return bot;
  const ofToken = await open(channelAccessToken);
  if (ofToken.userId === bot.userId) return bot;
  throw new CredentialsRefused(
    `The access token is that of ${nameOf(ofToken)}, and channel ID and secret are those of ${nameOf(bot)}. Take all three from one channel.`,
  );
}

async function issueToken(credentials: ChannelCredentials, apiUrl: URL, patience: Patience): Promise<string> {
  const isFinal = (error: unknown) => error instanceof TokenRefused && error.status < 500 && error.status !== 429;
  const issue = () => issueAccessToken(credentials, { apiUrl, signal: AbortSignal.timeout(15_000) });
  try {
    const { accessToken } = await persist(patience.begin(), issue, (error) => !isFinal(error));
    return accessToken;
  } catch (error) {
    if (!isFinal(error)) throw new Error(`LINE issued no access token: ${messageOf(error)}`, { cause: error });
    throw new CredentialsRefused(
      `${messageOf(error).replace(/\.$/, "")}. Channel id and channel secret have to be those of one channel, and of its present secret.`,
      { cause: error },
    );
  }
}

/** What a token's refusal means, by LINE's status. */
const refusals: Readonly<Record<number, string>> = {
  401: "LINE does not know this access token: it was revoked, has expired, or was reissued.",
  403: "The credentials are of a channel without a bot, such as a LINE Login channel: they have to be those of a Messaging API channel.",
};

/** Whose the channel's token is. @throws {CredentialsRefused} where it is nobody's, or no bot's, saying why. */
export async function identify(channel: Channel): Promise<Bot> {
  try {
    return await channel.getBot();
  } catch (error) {
    if (!(error instanceof LineRefused) || !error.isFinal) throw error;
    const meaning = refusals[error.status] ?? "The credentials are not those of a bot.";
    throw new CredentialsRefused(`${meaning} ${error.message}`, { cause: error });
  }
}

/** @throws naming both bots, before anything is written. */
export function requirePinned(bot: Bot, pin: string | undefined): void {
  if (pin === undefined || isPinned(pin, bot)) return;
  throw new CredentialsRefused(
    `The credentials are those of ${nameOf(bot)}, and this stack is pinned to ${pin} (line:bot). Nothing was changed. ` +
      `Give the stack the credentials of ${pin}, or pin the other with \`pulumi config set line:bot ${bot.userId}\`.`,
  );
}

export const isPinned = (pin: string, { userId, basicId }: Pick<Bot, "userId" | "basicId">): boolean =>
  pin === userId || pin === basicId;

export const nameOf = ({ displayName, basicId, userId }: Bot): string => `"${displayName}" (${basicId}, ${userId})`;

/** The bot as the state knows it. */
export const botOf = (id: string, { botName, botBasicId }: WebhookState): Bot => ({
  userId: id,
  basicId: botBasicId,
  displayName: botName,
});
