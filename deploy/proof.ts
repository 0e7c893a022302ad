import type { LineSimulator } from "../local/line/simulator.ts";
import { UserError } from "../line/user-error.ts";

export interface Proof {
  user: string;
  said: string;
  answered: string;
  /** From the user's message to the bot's answer in the chat. */
  milliseconds: number;
}

/** How long a bot has, cold start included. LINE itself gives up after 2 seconds. */
const patienceMs = 10_000;

/**
 * Lets a simulated user write to the bot and waits for what comes back: the signed webhook goes over HTTPS through
 * the gateway into the function, and the answer through LINE's API into the chat.
 * @throws {UserError} with what LINE saw, when no answer comes.
 */
export async function proveAnswer(line: LineSimulator, channelId: string): Promise<Proof> {
  const user = line.console.users()[0];
  if (user === undefined) throw new Error("The simulator has no users");
  const said = "こんにちは";
  const startedAtMs = performance.now();
  const answer = line.console.nextMessage(
    { channelId, userId: user.userId },
    { signal: AbortSignal.timeout(patienceMs) },
  );
  const [delivery, message] = await Promise.all([
    line.console.sendText({ channelId, userId: user.userId, text: said }),
    answer.catch(() => undefined),
  ]);
  if (message === undefined) {
    throw new UserError(
      `The bot did not answer "${said}" within ${patienceMs / 1000} s; LINE's delivery of the webhook ended with: ${delivery.reason}. ` +
        "The function's log has the rest.",
    );
  }
  return {
    user: user.displayName,
    said,
    answered: message.type === "text" ? message.text : `(${message.type})`,
    milliseconds: performance.now() - startedAtMs,
  };
}
