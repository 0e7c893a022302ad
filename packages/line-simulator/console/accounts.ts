import { randomBytes } from "node:crypto";
import * as v from "valibot";
import { createChannel } from "../seed.ts";
import { refuse, type World } from "../world.ts";
import { action, channelId, findBotChannel, findChannel, findPerson, userId } from "./action.ts";

const providersPerDeveloper = 10;
const channelsPerProvider = 100;
const weekMs = 7 * 86_400_000;
const hourMs = 3_600_000;

/** A channel's name may hold neither LINE nor anything like it. */
const name = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty(),
  v.maxLength(20),
  v.check((text) => !/line/i.test(text.normalize("NFKC")), 'A name must not contain "LINE"'),
);

/** Ids are digits, like LINE's, and follow one another. */
const nextId = (ids: string[]): string => String(Math.max(...ids.map(Number)) + 1);

export const createProvider = action(v.object({ name }), (world, input) => {
  const { providers } = world.state;
  if (providers.length >= providersPerDeveloper) throw refuse("A developer has at most 10 providers");
  const provider = { id: nextId(["1000000000", ...providers.map(({ id }) => id)]), name: input.name };
  providers.push(provider);
  world.changed();
  return provider;
});

/** Makes a channel without friends; its credentials are what `revealCredentials` tells. */
export const addChannel = action(
  v.object({
    providerId: v.string(),
    name,
    kind: v.optional(v.picklist(["messaging-api", "line-login"]), "messaging-api"),
  }),
  (world, input) => {
    const { channels, providers } = world.state;
    if (!providers.some(({ id }) => id === input.providerId)) throw refuse(`No provider ${input.providerId}`, 404);
    const ofProvider = channels.filter(({ providerId }) => providerId === input.providerId);
    if (ofProvider.length >= channelsPerProvider) throw refuse("A provider has at most 100 channels");
    const id = nextId(["2000000000", ...channels.map((channel) => channel.id)]);
    const credentials = { channelId: id, channelSecret: randomBytes(16).toString("hex") };
    channels.push({ ...createChannel(input.name, credentials, input.providerId), kind: input.kind });
    world.changed();
    return { channelId: id };
  },
);

/** An unverified account may be renamed, then not for seven days; a verified one only by LINE's review. */
export const renameBot = action(v.object({ channelId, displayName: name }), (world, input) => {
  const { bot } = findBotChannel(world, input.channelId);
  if (bot.verified) throw refuse("A verified account's name is changed by LINE's review only");
  const nowMs = world.clock.now();
  if (bot.renamedAtMs !== undefined && nowMs < bot.renamedAtMs + weekMs) {
    throw refuse("The name was changed less than seven days ago");
  }
  Object.assign(bot, { displayName: input.displayName, renamedAtMs: nowMs });
  world.changed();
  return bot;
});

export const changeIcon = action(
  v.object({ channelId, pictureUrl: v.pipe(v.string(), v.url(), v.startsWith("https://")) }),
  (world, input) => {
    const { bot } = findBotChannel(world, input.channelId);
    const nowMs = world.clock.now();
    if (bot.iconChangedAtMs !== undefined && nowMs < bot.iconChangedAtMs + hourMs) {
      throw refuse("The icon was changed less than an hour ago");
    }
    Object.assign(bot, { pictureUrl: input.pictureUrl, iconChangedAtMs: nowMs });
    world.changed();
    return bot;
  },
);

/** Registers the public key of an assertion signing key and tells its `kid`. */
export const registerAssertionKey = action(
  v.object({
    channelId,
    jwk: v.looseObject({ kty: v.literal("RSA"), n: v.string(), e: v.string() }),
  }),
  (world, { jwk, ...input }) => {
    const channel = findChannel(world, input.channelId);
    if ("kid" in jwk) throw refuse("The key must not have a kid: it is issued when the key is registered");
    if ("d" in jwk) throw refuse("This is a private key: register the public one");
    const kid = crypto.randomUUID();
    channel.assertionKeys[kid] = { n: jwk.n, e: jwk.e };
    world.changed();
    return { kid };
  },
);

/** Revokes all of a kind, or all there are; a stateless token cannot be revoked. */
export const revokeTokens = action(
  v.object({ channelId, kind: v.optional(v.picklist(["long-lived", "short-lived", "v2.1"])) }),
  (world, { kind, ...input }) => {
    const { id } = findChannel(world, input.channelId);
    const revoked = Object.entries(world.state.tokens).filter(
      ([, token]) => token.channelId === id && (kind === undefined || token.kind === kind),
    );
    for (const [text] of revoked) delete world.state.tokens[text];
    world.changed();
    return { revoked: revoked.length };
  },
);

/** Someone new, who is nobody's friend yet. */
export const addPerson = action(
  v.object({
    displayName: v.pipe(v.string(), v.nonEmpty()),
    language: v.optional(v.string()),
    pictureUrl: v.optional(v.string()),
    statusMessage: v.optional(v.string()),
    consent: v.optional(v.boolean(), true),
  }),
  (world, { displayName, consent, ...given }) => {
    const id = `person-${++world.state.serial}`;
    const told = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    world.state.people.push({ id, displayName, consent, ...told });
    world.changed();
    return { personId: id };
  },
);

export const setConsent = action(v.object({ channelId, userId, consent: v.boolean() }), (world, input) => {
  findPersonOf(world, input).consent = input.consent;
  world.changed();
});

function findPersonOf(world: World, input: { channelId: string; userId: string }) {
  return findPerson(world, findBotChannel(world, input.channelId), input.userId);
}
