/** What each call of the engine does, as functions of the properties and the world. */
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { claimInputs, type Claims, describeRival, tryClaim } from "./claims.ts";
import { consoleUrl, cutOver, LeftBehind, NotAnswering, type Outcome } from "./cut-over.ts";
import {
  checkInputs,
  compareInputs,
  type Failure,
  isKnown,
  parseInputs,
  parseState,
  pickInputs,
  type Properties,
  toProperties,
  type WebhookInputs,
  type WebhookState,
} from "./inputs.ts";
import { proveLive, readLive } from "./live-versions.ts";
import {
  botOf,
  connect,
  CredentialsRefused,
  isCutOff,
  isPinned,
  nameOf,
  requirePinned,
  type ProviderWorld,
  type Session,
} from "./session.ts";
import type { Bot } from "./channel.ts";

/** Registered, but not as it should be: the engine keeps id and properties, and the next deployment goes on. */
export class Incomplete extends Error {
  override readonly name = "Incomplete";
  readonly id: string;
  readonly properties: Properties;
  readonly reasons: string[];
  constructor(id: string, properties: Properties, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.id = id;
    this.properties = properties;
    this.reasons = [reason];
  }
}

export function check(claims: Claims, news: Properties): { inputs: Properties; failures: Failure[] } {
  const rival = claimInputs(claims, news);
  const rivalry = rival === undefined ? [] : [{ property: "credentials", reason: describeRival(rival) }];
  return { inputs: news, failures: [...checkInputs(news), ...rivalry] };
}

/** On a refresh `olds` is what was read and `news` the old inputs: only inputs are compared. */
export function diff(olds: Properties, news: Properties): { changes: boolean; replaces?: string[] } {
  const { bot, ...others } = news;
  const { botUserId: userId, botBasicId: basicId } = parseState(olds);
  const isOther = typeof bot === "string" && isKnown(bot) && !isPinned(bot, { userId, basicId });
  if (isOther) return { changes: true, replaces: ["bot"] };
  if (!Object.values(others).every(isKnown)) return { changes: true };
  return { changes: compareInputs(olds, others).length > 0 };
}

/**
 * Cut off between LINE's answer to the set and the engine's write of the state, a first `create` leaves no trace of what
 * it replaced: until a create has returned, an engine keeps nothing of it that the next one is given, LINE has no
 * history, and a note in a file or on the secret would be on another machine, or somebody else's to keep. The next
 * `create` finds its own URL, takes it in, and `remove` then leaves it and says so: no URL is restored by guessing.
 */
export async function create(world: ProviderWorld, inputs: Properties): Promise<{ id: string; outs: Properties }> {
  const wanted = parseInputs(inputs);
  const session = await connect(world, wanted);
  const { bot } = session;
  requirePinned(bot, wanted.bot);
  const past = { own: [], live: [], provenArtifacts: [] };
  const outs = settle(world, inputs, past, await point(world, session, inputs, past));
  if (wanted.bot === undefined) {
    world.log.info(
      `The webhook of ${nameOf(bot)} is set. To keep this stack from ever setting another bot's: \`pulumi config set line:bot ${bot.userId}\``,
    );
  }
  return { id: bot.userId, outs };
}

export async function update(
  world: ProviderWorld,
  id: string,
  olds: Properties,
  news: Properties,
): Promise<{ outs: Properties }> {
  const wanted = parseInputs(news);
  const state = parseState(olds);
  const own = [state.registeredEndpoint, ...state.ownEndpoints];
  const past = {
    own,
    formerEndpoint: state.formerEndpoint,
    artifact: state.artifact,
    live: state.live,
    provenArtifacts: state.provenArtifacts,
  };
  const reached = await proveLive(world, { wanted: wanted.live, former: state.live }, async () => {
    const session = await connect(world, wanted);
    requireSame(session.bot, id, state, wanted);
    return point(world, session, news, past);
  });
  return { outs: settle(world, news, past, reached) };
}

/** @throws naming both bots, before anything is written. */
function requireSame(bot: Bot, id: string, state: WebhookState, wanted: WebhookInputs): void {
  requirePinned(bot, wanted.bot);
  if (bot.userId === id) return;
  throw new CredentialsRefused(
    `The credentials are those of ${nameOf(bot)}, and this stack's webhook is that of ${nameOf(botOf(id, state))}. Nothing was changed. ` +
      `If the stack is to move to the other bot, pin it with \`pulumi config set line:bot ${bot.userId}\` and deploy again: that replaces the resource.`,
  );
}

interface Past {
  /** URLs that this resource set itself, the latest first. */
  own: string[];
  formerEndpoint?: string | undefined;
  /** What was proved last, and what was live. */
  artifact?: string | undefined;
  live: WebhookInputs["live"];
  provenArtifacts: string[];
}

interface Reached {
  bot: Bot;
  outcome: Outcome;
}

/** Points the channel at the endpoint. @throws {Incomplete} with the state that was reached, where the proof failed too late. */
async function point(world: ProviderWorld, session: Session, inputs: Properties, past: Past): Promise<Reached> {
  const { log, claims } = world;
  const { bot } = session;
  const wanted = parseInputs(inputs);
  const rival = tryClaim(claims, [bot.userId], wanted.endpoint);
  if (rival !== undefined) throw new CredentialsRefused(`${nameOf(bot)} ${describeRival(rival)}. Nothing was changed.`);
  const plan = { endpoint: wanted.endpoint, takeOver: wanted.takeOver, verify: wanted.verify, own: past.own };
  const tools = { ...session, warn: (message: string) => log.warn(message) };
  try {
    return { bot, outcome: await cutOver(tools, plan) };
  } catch (error) {
    if (!(error instanceof LeftBehind)) throw error;
    const unmet = { verify: false, artifact: past.artifact, live: past.live };
    throw incomplete(bot, inputs, toState(inputs, past, { bot, outcome: error.outcome }, unmet), error.message, error);
  }
}

/** The new state. @throws {Incomplete} with it, where LINE sends nothing and has to. */
function settle({ log }: ProviderWorld, inputs: Properties, past: Past, reached: Reached): Properties {
  if (reached.outcome.webhook.active) return toState(inputs, past, reached);
  const message = sayInactive(reached.bot);
  if (parseInputs(inputs).requireActive)
    throw incomplete(reached.bot, inputs, toState(inputs, past, reached, { requireActive: false }), message);
  log.warn(message);
  return toState(inputs, past, reached);
}

function toState(
  inputs: Properties,
  past: Past,
  { bot, outcome }: Reached,
  unmet?: Partial<WebhookInputs>,
): Properties {
  const { endpoint } = parseInputs(inputs);
  const former = chooseFormer(past, outcome);
  const ownEndpoints = past.own.filter((url, index) => url !== endpoint && past.own.indexOf(url) === index);
  const provenArtifacts = listProven(past, parseInputs({ ...inputs, ...unmet }));
  const facts = {
    ...factsOf(bot),
    active: outcome.webhook.active,
    registeredEndpoint: endpoint,
    ...(former === undefined ? {} : { formerEndpoint: former }),
    ...(provenArtifacts.length === 0 ? {} : { provenArtifacts }),
    ...(ownEndpoints.length === 0 ? {} : { ownEndpoints: ownEndpoints.slice(0, mostOwn) }),
  };
  return toProperties(inputs, facts, unmet);
}

/** The list with this one first, where LINE's test was made of it and succeeded. A pin may be of an artifact of weeks ago. */
function listProven({ provenArtifacts }: Past, { artifact, verify }: WebhookInputs): string[] {
  if (artifact === undefined || !verify) return provenArtifacts;
  return [artifact, ...provenArtifacts.filter((each) => each !== artifact)].slice(0, mostProven);
}
const mostProven = 50;

/** A state does not grow for ever; API Gateway gives a host name out once. */
const mostOwn = 10;

/**
 * What a destroy comes back to: what was taken over by consent, or else what was there first. What this resource set
 * itself is nothing to come back to, and neither is a dead URL that somebody typed in later.
 */
function chooseFormer({ own, formerEndpoint }: Past, { formerEndpoint: found, isTakenOver }: Outcome) {
  if (found === undefined || own.includes(found)) return formerEndpoint;
  return isTakenOver ? found : (formerEndpoint ?? found);
}

/** The engine puts nothing to these properties: without the provider's own text, it could neither refresh nor delete. */
function incomplete(bot: Bot, { __provider }: Properties, state: Properties, message: string, cause?: unknown) {
  const properties = __provider === undefined ? state : { ...state, __provider };
  return new Incomplete(bot.userId, properties, message, { cause });
}

const factsOf = ({ userId, basicId, displayName }: Bot) => ({
  botUserId: userId,
  botBasicId: basicId,
  botName: displayName,
});

const sayInactive = (bot: Bot) =>
  `The webhook of ${nameOf(bot)} is set, but "Use webhook" is off, so LINE sends nothing. Only the console can switch it: ` +
  `${consoleUrl} (the channel's Messaging API tab).`;

/**
 * What LINE has now, also as inputs: what the refresh took in is not news to the next one, and the program's own wish
 * shows as an update. Where LINE or the credentials cannot be reached, the state stays as it is, and says so.
 */
export async function read(
  world: ProviderWorld,
  id: string,
  outputs: Properties,
): Promise<{ id: string; props: Properties; inputs: Properties }> {
  const state = parseState(outputs);
  try {
    const { channel, bot } = await connectTo(world, id, state);
    const { endpoint, active } = (await channel.getWebhook()) ?? { endpoint: "", active: false };
    const isUnmet = state.requireActive && !active;
    const live = await readLive(world.aliases, state.live);
    if (!active) world.log.warn(endpoint === "" ? `${nameOf(bot)} has no webhook.` : sayInactive(bot));
    const props = {
      ...outputs,
      ...factsOf(bot),
      endpoint,
      active,
      ...live,
      ...(isUnmet ? { requireActive: false } : {}),
    };
    return { id, props, inputs: pickInputs(props) };
  } catch (error) {
    world.log.warn(
      `The webhook of ${nameOf(botOf(id, state))} could not be read, its state is kept: ${messageOf(error)}`,
    );
    return { id, props: outputs, inputs: pickInputs(outputs) };
  }
}

/**
 * LINE has no call that unsets a webhook: the former URL comes back, or the present one stays and is named. A channel
 * that cannot be reached any more does not hold up the stack; one that may be reached later does, to be restored then.
 */
export async function remove(world: ProviderWorld, id: string, outputs: Properties): Promise<void> {
  const state = parseState(outputs);
  const { registeredEndpoint: ours, formerEndpoint: former } = state;
  const name = nameOf(botOf(id, state));
  try {
    const session = await connectTo(world, id, state);
    const now = await session.channel.getWebhook();
    const isClaimed = [id, state.credentials].some((channel) => world.claims.get(channel) === ours);
    if (now?.endpoint !== ours) {
      world.log.info(`The webhook of ${name} is ${now?.endpoint ?? "not set"}, and not this resource's: left alone.`);
    } else if (isClaimed) {
      world.log.info(`The webhook of ${name} stays ${ours}: another resource of this stack has it now.`);
    } else if (state.onDestroy === "restore" && former !== undefined && former !== ours) {
      const tools = { ...session, warn: (message: string) => world.log.warn(message) };
      await cutOver(tools, { endpoint: former, own: [ours], verify: true });
      world.log.info(`The webhook of ${name} is ${former} again, as before this stack, and answers LINE's test.`);
    } else {
      world.log.warn(sayLeft(name, ours));
    }
  } catch (error) {
    if (error instanceof NotAnswering) {
      world.log.warn(`${sayLeft(name, ours)} What was there before this stack was not put back: ${messageOf(error)}`);
      return;
    }
    if (state.onDestroy === "restore" && !isCutOff(error)) {
      throw new Error(
        `The webhook of ${name} could not be restored and may still be ${ours}: ${messageOf(error)} Destroy again when LINE and AWS answer.`,
        { cause: error },
      );
    }
    world.log.warn(
      `The webhook of ${name} was left as it is (${ours}, when this stack last set it): ${messageOf(error)} ` +
        `Look at it in the console: ${consoleUrl}`,
    );
  }
}

const sayLeft = (name: string, ours: string) =>
  `The webhook of ${name} still is ${ours}: LINE cannot unset it. Switch "Use webhook" off if nothing is to be sent there: ${consoleUrl}`;

/** @throws where the credentials have become another bot's. */
async function connectTo(world: ProviderWorld, id: string, state: WebhookInputs): Promise<Session> {
  const session = await connect(world, state);
  if (session.bot.userId === id) return session;
  throw new CredentialsRefused(`The credentials are those of ${nameOf(session.bot)} now.`);
}
