import { timingSafeEqual } from "node:crypto";
import { TokenError } from "../errors.ts";
import { randomToken } from "../ids.ts";
import type { Channel, Token } from "../state.ts";
import { tryFindChannel, type World } from "../world.ts";
import { verifyAssertion } from "./assertion.ts";
import type { TokenCall, TokenHandler } from "./call.ts";
import { sealStateless } from "./stateless.ts";

const dayMs = 86_400_000;
const shortLivedMs = 30 * dayMs;
const statelessMs = 15 * 60_000;
const outstanding = 30;

const issueStatelessChannelToken: TokenHandler = ({ world, form }) => {
  if (form["grant_type"] !== "client_credentials") throw new TokenError("unsupported_grant_type");
  const isSigned = form["client_assertion"] !== undefined;
  const channel = isSigned ? verifyAssertion(world, form).channel : tryFindBySecret(world, form);
  if (channel === undefined) throw new TokenError("invalid_request", "Invalid 'client_credentials'.");
  const accessToken = sealStateless(world, channel.id, world.clock.now() + statelessMs);
  return toAnswer(accessToken, statelessMs);
};

const issueChannelToken: TokenHandler = ({ world, form }) => {
  if (form["grant_type"] !== "client_credentials") throw new TokenError("unsupported_grant_type");
  const channel = findBySecret(world, form);
  const mine = Object.entries(world.state.tokens).filter(
    ([, token]) => token.channelId === channel.id && token.kind === "short-lived" && isAlive(world, token),
  );
  // The 31st revokes the oldest; an object keeps the order in which its tokens were issued.
  for (const [text] of mine.slice(0, Math.max(0, mine.length - outstanding + 1))) delete world.state.tokens[text];
  return issue(world, { channelId: channel.id, kind: "short-lived" }, shortLivedMs);
};

const verifyChannelToken: TokenHandler = ({ world, form }) => {
  const text = form["access_token"] ?? "";
  if (!/^[\x21-\x7e]+$/.test(text)) throw new TokenError("invalid_request", "access_token in invalid format");
  const token = tryFindToken(world, text);
  const isOfThisCall = token?.kind === "long-lived" || token?.kind === "short-lived";
  if (token === undefined || !isOfThisCall) throw new TokenError("invalid_request", "access_token invalid");
  return describe(world, token);
};

/** An unknown token is no error, and the answer has no body. */
const revokeChannelToken: TokenHandler = ({ world, form }) => {
  const text = form["access_token"] ?? "";
  const kind = tryFindToken(world, text)?.kind;
  if (kind === "long-lived" || kind === "short-lived") remove(world, text);
  return new Response(null, { status: 200 });
};

export const issueHandlers = { issueStatelessChannelToken, issueChannelToken, verifyChannelToken, revokeChannelToken };

export function tryFindToken(world: World, text: string): Token | undefined {
  const token = Object.hasOwn(world.state.tokens, text) ? world.state.tokens[text] : undefined;
  return token !== undefined && isAlive(world, token) ? token : undefined;
}

export const isAlive = ({ clock }: World, { expiresAtMs }: Token): boolean =>
  expiresAtMs === undefined || expiresAtMs > clock.now();

export function remove(world: World, text: string): void {
  delete world.state.tokens[text];
  world.changed();
}

/** Issues a token of the kind, and forgets those that expired more than a day ago. */
export function issue(world: World, token: Pick<Token, "channelId" | "kind" | "keyId">, lifeMs: number) {
  const { state, clock } = world;
  for (const [text, { expiresAtMs = Infinity }] of Object.entries(state.tokens)) {
    if (expiresAtMs < clock.now() - dayMs) delete state.tokens[text];
  }
  const text = randomTokenOf(token.kind);
  state.tokens[text] = { ...token, issuedAtMs: clock.now(), expiresAtMs: clock.now() + lifeMs };
  world.changed();
  return toAnswer(text, lifeMs);
}

const toAnswer = (accessToken: string, lifeMs: number) => ({
  access_token: accessToken,
  expires_in: lifeMs / 1000,
  token_type: "Bearer",
});

/** The newer kind looks like a JWS, with nothing to be read in it. */
const randomTokenOf = (kind: Token["kind"]): string =>
  kind === "v2.1" ? `eyJhbGciOiJIUzI1NiJ9.${randomToken(72)}.${randomToken(32)}` : randomToken(96);

export function describe({ clock }: World, { channelId, expiresAtMs }: Token) {
  const seconds = expiresAtMs === undefined ? 0 : Math.floor((expiresAtMs - clock.now()) / 1000);
  return { client_id: channelId, expires_in: seconds, scope: "P CM" };
}

/** @throws {TokenError} saying which of id and secret is wrong. */
export function findBySecret(world: World, form: TokenCall["form"]): Channel {
  const channel = tryFindChannel(world, form["client_id"] ?? "");
  if (channel === undefined) throw new TokenError("invalid_client", "invalid client_id");
  if (!isSecretOf(channel, form["client_secret"])) throw new TokenError("invalid_client", "invalid client_secret");
  return channel;
}

function tryFindBySecret(world: World, form: TokenCall["form"]): Channel | undefined {
  const channel = tryFindChannel(world, form["client_id"] ?? "");
  return channel !== undefined && isSecretOf(channel, form["client_secret"]) ? channel : undefined;
}

function isSecretOf({ secret }: Channel, given = ""): boolean {
  const [ours, theirs] = [Buffer.from(secret), Buffer.from(given)];
  return ours.byteLength === theirs.byteLength && timingSafeEqual(ours, theirs);
}
