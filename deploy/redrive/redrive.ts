import type { SQSClient } from "@aws-sdk/client-sqs";
import { chooseEvents } from "./chosen-events.ts";
import { type DeadLetter, type Decision, goThrough, type Queues } from "./dead-letters.ts";

export interface Wish {
  wanted: Decision;
  /** The first digits of the events that it is wanted for; absent: all. */
  events?: readonly string[] | undefined;
}

/**
 * Does what is wanted with the dead letters, and says each. Which events are meant is known before anything is done.
 * @throws {UserError} where an event is not named clearly.
 */
export async function redrive(
  client: SQSClient,
  queues: Queues,
  { wanted, events }: Wish,
  tell: (letter: DeadLetter, decision: Decision) => void,
): Promise<Record<Decision, number>> {
  const chosen = events && chooseEvents(events, await listDigests(client, queues));
  const counts: Record<Decision, number> = { send: 0, delete: 0, keep: 0 };
  await goThrough(client, queues, (letter) => {
    const decision = chosen?.has(letter.digest) === false ? "keep" : wanted;
    counts[decision] += 1;
    tell(letter, decision);
    return decision;
  });
  return counts;
}

async function listDigests(client: SQSClient, queues: Queues): Promise<string[]> {
  const digests: string[] = [];
  await goThrough(client, queues, ({ digest }) => {
    digests.push(digest);
    return "keep";
  });
  return digests;
}
