import { createPublicKey, verify } from "node:crypto";
import * as v from "valibot";
import { LineError, TokenError } from "../errors.ts";
import type { Channel } from "../state.ts";
import type { World } from "../world.ts";

const assertionMs = 30 * 60_000;
const maxTokenSeconds = 30 * 86_400;
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const header = v.object({ alg: v.literal("RS256"), typ: v.literal("JWT"), kid: v.string() });
const payload = v.object({
  iss: v.string(),
  sub: v.string(),
  aud: v.string(),
  exp: v.number(),
  token_exp: v.optional(v.number()),
});

export interface Assertion {
  channel: Channel;
  /** For how long the token is asked for. */
  tokenSeconds: number | undefined;
}

/**
 * The channel that signed the assertion with a key that it registered.
 * @see https://developers.line.biz/en/docs/messaging-api/generate-json-web-token/
 * @throws {TokenError} for what is wrong in it; {LineError} 404 for a key that no channel has.
 */
export function verifyAssertion(world: World, form: Record<string, string>): Assertion {
  if (form["client_assertion_type"] !== assertionType) {
    throw new TokenError("invalid_request", "Invalid client_assertion_type");
  }
  const [head = "", body = "", signature = ""] = (form["client_assertion"] ?? "").split(".");
  const { kid } = parsePart(header, head);
  const channel = world.state.channels.find(({ assertionKeys }) => Object.hasOwn(assertionKeys, kid));
  const key = channel?.assertionKeys[kid];
  if (channel === undefined || key === undefined) {
    throw new LineError(404, "Cannot find channel key that satisfies the conditions");
  }
  const publicKey = createPublicKey({ key: { kty: "RSA", ...key }, format: "jwk" });
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify("RSA-SHA256", signed, publicKey, Buffer.from(signature, "base64url"))) {
    throw new TokenError("invalid_client", "Invalid signature");
  }
  return { channel, tokenSeconds: checkClaims(world, channel, parsePart(payload, body)) };
}

function checkClaims(world: World, { id }: Channel, claims: v.InferOutput<typeof payload>): number | undefined {
  const { iss, sub, aud, exp, token_exp: tokenSeconds } = claims;
  const remainingMs = exp * 1000 - world.clock.now();
  if (iss !== id) throw new TokenError("invalid_client", "iss and clientId of key do not match");
  if (sub !== iss) throw new TokenError("invalid_client", "Invalid sub");
  if (aud !== "https://api.line.me/") throw new TokenError("invalid_client", "Invalid aud");
  if (remainingMs <= 0 || remainingMs > assertionMs) throw new TokenError("invalid_client", "Invalid exp");
  if (tokenSeconds !== undefined && (tokenSeconds <= 0 || tokenSeconds > maxTokenSeconds)) {
    throw new TokenError("invalid_client", "Invalid token_exp");
  }
  return tokenSeconds;
}

function parsePart<Schema extends v.GenericSchema>(schema: Schema, part: string): v.InferOutput<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    // Falls through to the schema, which refuses it in the same words.
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) throw new TokenError("invalid_client", "Invalid client_assertion");
  return parsed.output;
}
