import { parseLineApiUrl } from "../../line/api-url.ts";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { issueAccessToken } from "../../line/tokens.ts";
import { type Bot, type Channel, LineRefused, openChannel } from "./channel.ts";
import { cutOver, LeftBehind } from "./cut-over.ts";
import type { EngineLog } from "../engine-log.ts";
import { checkInputs, isKnown, parseInputs, parseOutputs, type WebhookInputs, type WebhookOutputs } from "./inputs.ts";

/** What the provider needs of the world. */
export interface ProviderWorld {
  /** The credentials' present value. @throws when there are none. */
  readCredentials(secretArn: string): Promise<ChannelCredentials>;
  log: EngineLog;
  /** Between attempts. Default: the clock's time. */
  wait?: (milliseconds: number) => Promise<unknown>;
}

export type Properties = Record<string, unknown>;

/** Registered, but not as it should be: the engine keeps id and properties, and the next deployment goes on. */
export class Incomplete extends Error {
  override readonly name = "Incomplete";
  readonly id: string;
  readonly properties: Properties;
  readonly reasons: string[];
  constructor(id: string, properties: WebhookOutputs, reason: string) {
    super(reason);
    this.id = id;
    this.properties = { ...properties };
    this.reasons = [reason];
  }
}

export const check = (news: Properties) => ({ inputs: news, failures: checkInputs(news) });

/** On a refresh `olds` is what was read and `news` the old inputs: only inputs are compared. */
export function diff(olds: Properties, news: Properties): { changes: boolean; replaces?: string[] } {
  if (!Object.values(news).every(isKnown)) return { changes: true };
  const { bot, ...after } = parseInputs(news);
  if (bot !== undefined && !isPinned(bot, parseOutputs(olds))) return { changes: true, replaces: ["bot"] };
  const before: Properties = parseInputs(olds);
  return { changes: Object.entries(after).some(([key, value]) => value !== before[key]) };
}

export async function create(world: ProviderWorld, inputs: Properties): Promise<{ id: string; outs: WebhookOutputs }> {
  const wanted = parseInputs(inputs);
  const channel = await connect(world, wanted);
  const bot = await findBot(channel, wanted);
  const outs = await point(world, channel, bot, wanted, { own: [] });
  if (wanted.bot === undefined) {
    world.log.info(
      `To keep this stack from ever setting another bot's webhook: \`pulumi config set line:bot ${bot.userId}\``,
    );
  }
  return { id: bot.userId, outs };
}

export async function update(
  world: ProviderWorld,
  id: string,
  olds: Properties,
  news: Properties,
): Promise<{ outs: WebhookOutputs }> {
  const wanted = parseInputs(news);
  const state = parseOutputs(olds);
  const channel = await connect(world, wanted);
  const bot = await findBot(channel, wanted);
  if (bot.userId !== id) {
    throw new Error(
      `The credentials are those of ${nameOf(bot)}, and this stack's webhook is that of ${nameOfState(id, state)}. ` +
        `If the stack is to move to the other bot, pin it with \`pulumi config set line:bot ${bot.userId}\` and deploy again: that replaces the resource.`,
    );
  }
  const own = [state.registeredEndpoint, state.endpoint];
  return { outs: await point(world, channel, bot, wanted, { own, formerEndpoint: state.formerEndpoint }) };
}

/** What LINE has now. Where LINE or the credentials cannot be reached, the state stays as it is, and says so. */
export async function read(
  world: ProviderWorld,
  id: string,
  outputs: Properties,
): Promise<{ id: string; props: Properties }> {
  const state = parseOutputs(outputs);
  try {
    const channel = await connectTo(world, id, state);
    const webhook = await channel.getWebhook();
    return { id, props: { ...outputs, endpoint: webhook?.endpoint ?? "", active: webhook?.active ?? false } };
  } catch (error) {
    world.log.warn(
      `The webhook of ${nameOfState(id, state)} could not be read, its state is kept: ${messageOf(error)}`,
    );
    return { id, props: outputs };
  }
}

/** LINE has no call that unsets a webhook: the former URL comes back, or the present one stays and is named. */
export async function remove(world: ProviderWorld, id: string, outputs: Properties): Promise<void> {
  const state = parseOutputs(outputs);
  const name = nameOfState(id, state);
  try {
    const channel = await connectTo(world, id, state);
    const now = await channel.getWebhook();
    if (now?.endpoint !== state.registeredEndpoint) {
      world.log.info(
        `The webhook of ${name} is ${now?.endpoint ?? "not set"}, and not this stack's any more: left alone.`,
      );
    } else if (state.onDestroy === "restore" && state.formerEndpoint !== undefined) {
      await channel.setWebhook(state.formerEndpoint);
      world.log.info(`The webhook of ${name} is ${state.formerEndpoint} again.`);
    } else {
      world.log.warn(
        `The webhook of ${name} still is ${state.registeredEndpoint}: LINE cannot unset it. ` +
          'Switch "Use webhook" off in the console if nothing is to be sent there.',
      );
    }
  } catch (error) {
    world.log.warn(
      `The webhook of ${name} was left as it is (it was ${state.registeredEndpoint}): ${messageOf(error)}`,
    );
  }
}

interface Past {
  /** URLs that this resource set, or was seen to have. */
  own: string[];
  formerEndpoint?: string | undefined;
}

async function point(
  { log }: ProviderWorld,
  channel: Channel,
  bot: Bot,
  wanted: WebhookInputs,
  past: Past,
): Promise<WebhookOutputs> {
  const { endpoint, takeOver, verify } = wanted;
  const toOutputs = (active: boolean, found: string | undefined): WebhookOutputs => {
    // What this stack itself set before is nothing to come back to.
    const formerEndpoint = found === undefined || past.own.includes(found) ? past.formerEndpoint : found;
    const known = { botUserId: bot.userId, botBasicId: bot.basicId, botName: bot.displayName };
    const state = { ...wanted, ...known, active, registeredEndpoint: endpoint };
    return formerEndpoint === undefined ? state : { ...state, formerEndpoint };
  };
  const outcome = await cutOver(channel, { endpoint, takeOver, verify, own: past.own }, (text) => log.warn(text)).catch(
    (error: unknown) => {
      if (!(error instanceof LeftBehind)) throw error;
      throw new Incomplete(bot.userId, toOutputs(error.webhook.active, error.formerEndpoint), error.message);
    },
  );
  const outputs = toOutputs(outcome.webhook.active, outcome.formerEndpoint);
  if (!outcome.webhook.active) {
    const message = sayInactive(bot);
    if (wanted.requireActive) throw new Incomplete(bot.userId, outputs, message);
    log.warn(message);
  }
  return outputs;
}

const sayInactive = (bot: Bot) =>
  `The webhook of ${nameOf(bot)} is set, but "Use webhook" is off, so LINE sends nothing. Only the console can switch it: ` +
  "https://developers.line.biz/console/ (the channel's Messaging API tab).";

/** @throws naming both bots, before anything is written. */
async function findBot(channel: Channel, { bot: pin }: WebhookInputs): Promise<Bot> {
  const bot = await getBot(channel);
  if (pin === undefined || isPinned(pin, { botUserId: bot.userId, botBasicId: bot.basicId })) return bot;
  throw new Error(
    `The credentials are those of ${nameOf(bot)}, and this stack is pinned to ${pin} (line:bot). Nothing was changed.`,
  );
}

async function getBot(channel: Channel): Promise<Bot> {
  try {
    return await channel.getBot();
  } catch (error) {
    if (!(error instanceof LineRefused) || error.status >= 500) throw error;
    throw new Error(
      `The credentials are not those of a bot: ${error.message}. They have to be those of a Messaging API channel ` +
        "(a LINE Login channel has no webhook), and a token must not have been revoked.",
      { cause: error },
    );
  }
}

const isPinned = (pin: string, { botUserId, botBasicId }: Pick<WebhookOutputs, "botUserId" | "botBasicId">) =>
  pin === botUserId || pin === botBasicId;

const nameOf = ({ displayName, basicId, userId }: Bot) => `"${displayName}" (${basicId}, ${userId})`;
const nameOfState = (userId: string, { botName, botBasicId }: WebhookOutputs) =>
  nameOf({ userId, basicId: botBasicId, displayName: botName });
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function connect(world: ProviderWorld, { credentials, apiUrl: url }: WebhookInputs): Promise<Channel> {
  const apiUrl = parseLineApiUrl(url);
  const stored = await world.readCredentials(credentials);
  const { accessToken } = await issueAccessToken(stored, { apiUrl, signal: AbortSignal.timeout(15_000) });
  const { wait, log } = world;
  return openChannel({
    apiUrl,
    accessToken,
    onRetry: (what) => log.info(what),
    ...(wait === undefined ? {} : { wait }),
  });
}

/** @throws where the credentials have become another bot's. */
async function connectTo(world: ProviderWorld, id: string, state: WebhookOutputs): Promise<Channel> {
  const channel = await connect(world, state);
  const bot = await getBot(channel);
  if (bot.userId !== id) throw new Error(`the credentials are those of ${nameOf(bot)} now`);
  return channel;
}
