import { LineError } from "../errors.ts";
import type { Channel } from "../state.ts";
import { tryFindChannel, type World } from "../world.ts";
import { tryOpenStateless } from "./stateless.ts";
import { tryFindToken } from "./tokens.ts";

const noToken = "Authentication failed. Confirm that the access token in the authorization header is valid.";

/**
 * The channel that the bearer token speaks for.
 * @throws {LineError} 401 without a valid token; 403 for a token of a LINE Login channel, which has no bot.
 */
export function authorize(world: World, headers: Headers): Channel {
  const [, text] = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  if (text === undefined) throw new LineError(401, noToken);
  const channelId = tryFindToken(world, text)?.channelId ?? tryOpenStateless(world, text);
  const channel = channelId === undefined ? undefined : tryFindChannel(world, channelId);
  if (channel === undefined) throw new LineError(401, world.behaviour.unauthorizedMessage);
  if (channel.kind !== "messaging-api") {
    throw new LineError(403, "Access to this API is not available for your account");
  }
  return channel;
}

/** The channel that asks for a token, by its own word; only its rate hangs on it. */
export const findTokenCaller = (form: Record<string, string>): string | undefined =>
  form["client_id"]?.slice(0, 20) ?? undefined;
