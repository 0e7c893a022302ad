import { LineError } from "../errors.ts";
import type { Call } from "./call.ts";

const keptMs = 24 * 3_600_000;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Runs `send` unless the request's retry key was accepted within a day; then it is a conflict that tells what the
 * accepted request answered. A send that fails leaves the key free.
 * @see https://developers.line.biz/en/reference/messaging-api/#retry-api-request
 */
export function once<Result extends object>({ world, channel, headers, requestId }: Call, send: () => Result): Result {
  const retryKey = headers.get("x-line-retry-key");
  if (retryKey === null) return send();
  if (!uuid.test(retryKey)) throw new LineError(400, "The value for the 'X-Line-Retry-Key' header is invalid");
  const key = `${channel.id}/${retryKey.toLowerCase()}`;
  const accepted = world.memory.retryKeys.get(key);
  if (accepted !== undefined && world.clock.now() < accepted.acceptedAtMs + keptMs) {
    throw new LineError(409, "The retry key is already accepted", accepted.body, {
      "x-line-accepted-request-id": accepted.requestId,
    });
  }
  const body = send();
  world.memory.retryKeys.set(key, { requestId, acceptedAtMs: world.clock.now(), body });
  return body;
}
