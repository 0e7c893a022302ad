import type { LocalCloud } from "../../../deploy/local/cloud.ts";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import type { Random } from "../../functions/random.ts";
import type { Answers } from "./answers.ts";
import { toBody, type PlannedEvent } from "./plan.ts";

interface Sending {
  /** How many requests LINE has under way at once. */
  requestsAtOnce: number;
  /** How many messages may wait for their answer at once; as many as there are by default. */
  waiting?: number | undefined;
  random: Random;
  cloud: LocalCloud;
  answers: Answers;
  post: (body: string) => Promise<{ status: number }>;
}

/** A user writes up to so many messages without a pause. */
const mostInARow = 5;

/** Each user's events in order, those of different users side by side. */
export async function sendAll(events: PlannedEvent[], sending: Sending) {
  const { random, cloud, answers, waiting = Number.POSITIVE_INFINITY } = sending;
  const counts = { requests: 0, refused: 0, redelivered: 0, duplicated: 0 };
  const idle = [...Map.groupBy(events, ({ userId }) => userId).values()];
  const again: Promise<void>[] = [];

  const post = async (event: PlannedEvent, isRedelivery: boolean): Promise<void> => {
    for (let redelivered = isRedelivery; ; redelivered = true) {
      counts.requests += 1;
      const { status } = await sending.post(toBody([event], redelivered));
      if (status === 200) return;
      if (status < 500) throw new Error(`The webhook answered ${status}`);
      counts.refused += 1;
    }
  };
  const send = async (event: PlannedEvent): Promise<void> => {
    answers.expect(event);
    if (event.way === "reply") {
      await cloud.line.console.sendText({ channelId: devChannel.channelId, userId: event.userId, text: event.text });
      return;
    }
    const isDuplicated = random.below(100) < 5;
    if (isDuplicated) counts.duplicated += 1;
    await Promise.all([post(event, false), ...(isDuplicated ? [post(event, false)] : [])]);
    if (random.below(100) >= 10) return;
    counts.redelivered += 1;
    again.push(post(event, true));
  };
  const carry = async (): Promise<void> => {
    for (;;) {
      await answers.fewerThan(waiting);
      const [user] = idle.splice(random.below(idle.length), 1);
      if (user === undefined) return;
      for (const event of user.splice(0, 1 + random.below(mostInARow))) await send(event);
      if (user.length > 0) idle.push(user);
    }
  };
  await Promise.all(Array.from({ length: sending.requestsAtOnce }, carry));
  await Promise.all(again);
  await cloud.line.idle();
  return counts;
}
