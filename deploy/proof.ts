import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { LineSimulator } from "@pulumi-line-bot/line-simulator/simulator";

export interface Proof {
  user: string;
  said: string;
  answered: string;
  /** The time from the user's message to the bot's answer in the chat. */
  milliseconds: number;
}

/** For the answer: a worker that was killed meanwhile holds up its conversation for as long as it may run, 10 s. */
const patienceMs = 20_000;
const said = "こんにちは";

/**
 * Lets a simulated user write to the bot and waits for what comes back: the signed webhook goes over HTTPS through
 * the gateway into the function, and the answer through LINE's API into the chat.
 * @param givenUp aborted, with the reason in words, when there is nothing to wait for any more.
 * @throws {UserError} with what LINE saw, when no answer comes.
 */
export async function proveAnswer(line: LineSimulator, botUserId: unknown, givenUp: AbortSignal): Promise<Proof> {
  const { channelId, userId, displayName } = await findFriend(line, botUserId);
  const startedAtMs = performance.now();
  const patience = AbortSignal.any([givenUp, AbortSignal.timeout(patienceMs)]);
  const waiting = line.console.nextMessage({ channelId, userId }, undefined, patience);
  // Without an answer the wait ends later than the delivery, which says more.
  const answer = waiting.catch(() => undefined);
  const { delivery } = await line.console.sendText({ channelId, userId, text: said });
  if (delivery?.success !== true) throw new UserError(`The webhook was not delivered: ${describe(delivery)}.`);
  const message = await answer;
  if (message === undefined) {
    const why = givenUp.aborted ? String(givenUp.reason) : `none within ${patienceMs / 1000} s`;
    throw new UserError(`The webhook was delivered, but no answer to "${said}" came: ${why}.`);
  }
  const { content } = message;
  const answered = content.type === "text" && "text" in content ? content.text : `(${content.type})`;
  return { user: displayName, said, answered, milliseconds: performance.now() - startedAtMs };
}

async function findFriend({ console }: LineSimulator, botUserId: unknown) {
  const { channels } = await console.overview({});
  const channel = channels.find(({ bot }) => bot.userId === botUserId);
  const friend = channel?.people.find(({ isFriend }) => isFriend);
  if (channel === undefined || friend === undefined) {
    throw new UserError(
      "The deployed bot has no friend in the simulator. `npm start -- --fresh` brings the seed's back.",
    );
  }
  return { channelId: channel.id, userId: friend.userId, displayName: friend.displayName };
}

type Delivery = Awaited<ReturnType<LineSimulator["console"]["sendText"]>>["delivery"];

const describe = (delivery: Delivery) =>
  delivery === undefined
    ? "the channel has no webhook, or it is not in use"
    : `${delivery.reason}, ${delivery.detail} (status ${delivery.statusCode})`;
