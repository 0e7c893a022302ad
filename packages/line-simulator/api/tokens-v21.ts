import { randomBytes } from "node:crypto";
import { LineError, TokenError } from "../errors.ts";
import { verifyAssertion } from "./assertion.ts";
import type { TokenHandler } from "./call.ts";
import { describe, findBySecret, isAlive, issue, remove } from "./tokens.ts";
import type { Token } from "../state.ts";
import type { World } from "../world.ts";

const outstanding = 30;

const aliveOf = (world: World, channelId: string): Token[] =>
  Object.values(world.state.tokens).filter(
    (token) => token.channelId === channelId && token.kind === "v2.1" && isAlive(world, token),
  );

/** Unlike a short-lived token, the 31st is refused. */
const issueChannelTokenByJWT: TokenHandler = ({ world, form }) => {
  if (form["grant_type"] !== "client_credentials") throw new TokenError("unsupported_grant_type");
  const { channel, tokenSeconds } = verifyAssertion(world, form);
  if (tokenSeconds === undefined) throw new TokenError("invalid_client", "Invalid token_exp");
  if (aliveOf(world, channel.id).length >= outstanding) {
    throw new LineError(400, "The maximum number of access tokens has already been issued");
  }
  const keyId = randomBytes(16).toString("base64url");
  const token = issue(world, { channelId: channel.id, kind: "v2.1", keyId }, tokenSeconds * 1000);
  return { ...token, key_id: keyId };
};

const verifyChannelTokenByJWT: TokenHandler = ({ world, query }) => {
  const token = findToken(world, query["access_token"] ?? "");
  if (!isAlive(world, token)) throw new TokenError("invalid_request", "The access token expired");
  return { ...describe(world, token), scope: "profile chat_message.write" };
};

function findToken(world: World, text: string): Token {
  if (text.split(".").length !== 3) throw new TokenError("invalid_request", "The access token not JWS");
  const token = Object.hasOwn(world.state.tokens, text) ? world.state.tokens[text] : undefined;
  if (token?.kind !== "v2.1") throw new TokenError("invalid_request", "The access token malformed");
  return token;
}

/** An unknown token is no error, and neither is another channel's: it stays. */
const revokeChannelTokenByJWT: TokenHandler = ({ world, form }) => {
  const channel = findBySecret(world, form);
  const text = form["access_token"] ?? "";
  const token = Object.hasOwn(world.state.tokens, text) ? world.state.tokens[text] : undefined;
  if (token?.channelId === channel.id && token.kind === "v2.1") remove(world, text);
  return new Response(null, { status: 200 });
};

const getsAllValidChannelAccessTokenKeyIds: TokenHandler = ({ world, query }) => {
  const { channel } = verifyAssertion(world, query);
  return { kids: aliveOf(world, channel.id).flatMap(({ keyId }) => (keyId === undefined ? [] : [keyId])) };
};

export const tokenV21Handlers = {
  issueChannelTokenByJWT,
  verifyChannelTokenByJWT,
  revokeChannelTokenByJWT,
  getsAllValidChannelAccessTokenKeyIds,
};
