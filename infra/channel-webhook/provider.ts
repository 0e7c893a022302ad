/**
 * The dynamic provider of `LineChannelWebhook`, which the shim in the state hands over to. The resource is the bot's
 * webhook setting: its id is the bot's user id, its one live property the URL.
 */
import type { dynamic } from "@pulumi/pulumi";
import { readAwsSettings } from "../aws-client.ts";
import { parseLineApiUrl } from "../../line/api-url.ts";
import { issueAccessToken } from "../../line/tokens.ts";
import { type Bot, type Channel, openChannel } from "./channel.ts";
import { cutOver } from "./cut-over.ts";
import { type EngineLog, openEngineLog } from "../engine-log.ts";
import { checkInputs, isKnown, parseInputs, parseOutputs, type WebhookInputs, type WebhookOutputs } from "./inputs.ts";
import { readStoredCredentials } from "../stored-credentials.ts";

type Properties = Record<string, unknown>;

export async function check(_olds: Properties, news: Properties): Promise<dynamic.CheckResult> {
  return { inputs: news, failures: checkInputs(news) };
}

/** On a refresh `olds` is what was read and `news` the old inputs: only inputs are compared. */
export async function diff(_id: string, olds: Properties, news: Properties): Promise<dynamic.DiffResult> {
  if (!Object.values(news).every(isKnown)) return { changes: true };
  const state = parseOutputs(olds);
  const before: Properties = { ...parseInputs(olds), bot: undefined };
  const after: Properties = { ...parseInputs(news), bot: undefined };
  const changed = Object.keys(after).filter((key) => after[key] !== before[key]);
  const { bot } = parseInputs(news);
  if (bot !== undefined && !isPinned(bot, state)) return { changes: true, replaces: ["bot"] };
  return { changes: changed.length > 0 };
}

export async function create(inputs: Properties, config: dynamic.Config): Promise<dynamic.CreateResult> {
  const wanted = parseInputs(inputs);
  return withChannel(wanted, config, async (channel, log) => {
    const bot = await findBot(channel, wanted);
    const outs = await point(channel, bot, wanted, { own: [], formerEndpoint: undefined }, log);
    if (wanted.bot === undefined) {
      log.info(
        `To keep this stack from ever setting another bot's webhook: \`pulumi config set line:bot ${bot.userId}\``,
      );
    }
    return { id: bot.userId, outs };
  });
}

export async function update(
  id: string,
  olds: Properties,
  news: Properties,
  config: dynamic.Config,
): Promise<dynamic.UpdateResult> {
  const wanted = parseInputs(news);
  const state = parseOutputs(olds);
  return withChannel(wanted, config, async (channel, log) => {
    const bot = await findBot(channel, wanted);
    if (bot.userId !== id) {
      throw new Error(
        `The credentials are those of ${nameOf(bot)}, and this stack's webhook is that of ${nameOf({ ...state, userId: id, basicId: state.botBasicId, displayName: state.botName })}. ` +
          `If the stack is to move to the other bot, pin it with \`pulumi config set line:bot ${bot.userId}\` and deploy again: that replaces the resource.`,
      );
    }
    const own = [state.registeredEndpoint, state.endpoint];
    return { outs: await point(channel, bot, wanted, { own, formerEndpoint: state.formerEndpoint }, log) };
  });
}

/** What LINE has now. Where LINE or the credentials cannot be reached, the state stays as it is, and says so. */
export async function read(id: string, outputs: Properties, config: dynamic.Config): Promise<dynamic.ReadResult> {
  const state = parseOutputs(outputs);
  return withLog(async (log) => {
    try {
      const channel = await connect(state, config, log);
      const bot = await channel.getBot();
      if (bot.userId !== id) throw new Error(`The credentials are those of ${nameOf(bot)}, not of ${id}.`);
      const webhook = await channel.getWebhook();
      const props = {
        ...outputs,
        endpoint: webhook?.endpoint ?? "",
        active: webhook?.active ?? false,
        botName: bot.displayName,
        botBasicId: bot.basicId,
      };
      return { id, props };
    } catch (error) {
      log.warn(`The webhook of ${nameOfState(id, state)} could not be read, its state is kept: ${messageOf(error)}`);
      return { id, props: outputs };
    }
  });
}

/** LINE has no call that unsets a webhook: the former URL comes back, or the present one stays and is named. */
export async function remove(id: string, outputs: Properties, config: dynamic.Config): Promise<void> {
  const state = parseOutputs(outputs);
  const name = nameOfState(id, state);
  await withLog(async (log) => {
    try {
      const channel = await connect(state, config, log);
      const bot = await channel.getBot();
      if (bot.userId !== id) throw new Error(`The credentials are those of ${nameOf(bot)}.`);
      const now = await channel.getWebhook();
      if (now?.endpoint !== state.registeredEndpoint) {
        log.info(`The webhook of ${name} is ${now?.endpoint ?? "not set"}, and not this stack's any more: left alone.`);
      } else if (state.onDestroy === "restore" && state.formerEndpoint !== undefined) {
        await channel.setWebhook(state.formerEndpoint);
        log.info(`The webhook of ${name} is ${state.formerEndpoint} again.`);
      } else {
        log.warn(
          `The webhook of ${name} still is ${state.registeredEndpoint}: LINE cannot unset it. Switch "Use webhook" off in the console if nothing is to be sent there.`,
        );
      }
    } catch (error) {
      log.warn(`The webhook of ${name} was left as it is (it was ${state.registeredEndpoint}): ${messageOf(error)}`);
    }
  });
}

async function point(
  channel: Channel,
  bot: Bot,
  wanted: WebhookInputs,
  past: { own: string[]; formerEndpoint: string | undefined },
  log: EngineLog,
): Promise<WebhookOutputs> {
  const { endpoint, takeOver, verify } = wanted;
  const outcome = await cutOver(channel, { endpoint, takeOver, verify, own: past.own }, (message) => log.warn(message));
  if (!outcome.webhook.active) sayInactive(bot, wanted, log);
  // What this stack itself set before is nothing to come back to.
  const found = outcome.formerEndpoint;
  const formerEndpoint = found === undefined || past.own.includes(found) ? past.formerEndpoint : found;
  return {
    ...wanted,
    botUserId: bot.userId,
    botBasicId: bot.basicId,
    botName: bot.displayName,
    active: outcome.webhook.active,
    registeredEndpoint: endpoint,
    ...(formerEndpoint === undefined ? {} : { formerEndpoint }),
  };
}

function sayInactive(bot: Bot, { requireActive }: WebhookInputs, log: EngineLog): void {
  const message =
    `The webhook of ${nameOf(bot)} is set, but "Use webhook" is off, so LINE sends nothing. Only the console can switch it: ` +
    "https://developers.line.biz/console/ (the channel's Messaging API tab).";
  if (requireActive) throw new Error(message);
  log.warn(message);
}

/** @throws naming both bots, before anything is written. */
async function findBot(channel: Channel, { bot: pin }: WebhookInputs): Promise<Bot> {
  const bot = await channel.getBot();
  if (pin === undefined || isPinned(pin, { botUserId: bot.userId, botBasicId: bot.basicId })) return bot;
  throw new Error(
    `The credentials are those of ${nameOf(bot)}, and this stack is pinned to ${pin} (line:bot). Nothing was changed.`,
  );
}

const isPinned = (pin: string, bot: { botUserId: string; botBasicId: string }) =>
  pin === bot.botUserId || pin === bot.botBasicId;

const nameOf = ({ displayName, basicId, userId }: Bot) => `"${displayName}" (${basicId}, ${userId})`;
const nameOfState = (userId: string, { botName, botBasicId }: WebhookOutputs) =>
  nameOf({ userId, basicId: botBasicId, displayName: botName });
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function connect(
  { credentials, apiUrl }: WebhookInputs,
  config: dynamic.Config,
  log: EngineLog,
): Promise<Channel> {
  const stored = await readStoredCredentials(credentials, readAwsSettings(config));
  const api = parseLineApiUrl(apiUrl);
  const { accessToken } = await issueAccessToken(stored, { apiUrl: api, signal: AbortSignal.timeout(15_000) });
  return openChannel({ apiUrl: api, accessToken, onRetry: (what) => log.info(what) });
}

const withChannel = <T>(
  inputs: WebhookInputs,
  config: dynamic.Config,
  use: (channel: Channel, log: EngineLog) => Promise<T>,
) => withLog(async (log) => use(await connect(inputs, config, log), log));

async function withLog<T>(use: (log: EngineLog) => Promise<T>): Promise<T> {
  const log = openEngineLog(process.argv[2]);
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}
