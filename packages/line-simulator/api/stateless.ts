import { createHmac, timingSafeEqual } from "node:crypto";
import * as v from "valibot";
import { randomToken } from "../ids.ts";
import type { World } from "../world.ts";

/** The same for all; what matters is behind it. */
const header = Buffer.from('{"alg":"HS256"}').toString("base64url");
const claims = v.object({ channelId: v.string(), expiresAtMs: v.number() });

const sign = (world: World, text: string): Buffer => createHmac("sha256", world.state.tokenKey).update(text).digest();

/** A token that nobody has to remember, however many are issued: it says itself whose it is and how long it lasts. */
export function sealStateless(world: World, channelId: string, expiresAtMs: number): string {
  const payload = Buffer.from(JSON.stringify({ channelId, expiresAtMs, nonce: randomToken(12) })).toString("base64url");
  const text = `${header}.${payload}`;
  return `${text}.${sign(world, text).toString("base64url")}`;
}

/** The id of the channel that a stateless token was issued to, unless it has expired or was not issued here. */
export function tryOpenStateless(world: World, token: string): string | undefined {
  const [head, payload = "", signature = ""] = token.split(".");
  if (head !== header) return undefined;
  const expected = sign(world, `${head}.${payload}`);
  const given = Buffer.from(signature, "base64url");
  if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) return undefined;
  const { channelId, expiresAtMs } = v.parse(claims, JSON.parse(Buffer.from(payload, "base64url").toString()));
  return expiresAtMs > world.clock.now() ? channelId : undefined;
}
