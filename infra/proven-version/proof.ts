import * as v from "valibot";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { createPatience, type PatienceOptions } from "../channel-webhook/patience.ts";
import { emptyBatch, emptyWebhook, probes } from "./probes.ts";

export type Candidate = {
  versionArn: string;
  version: string;
} & (
  | {
      /** Default: "webhook". */
      probe?: "webhook" | undefined;
      credentials: string;
      botUserId?: string | undefined;
    }
  | { probe: "queue" }
);

/** What the proof needs of the world. */
export interface ProofWorld {
  readCredentials(secretArn: string): Promise<ChannelCredentials>;
  /** Invokes the function version with an event; the answer, or Lambda's description of an error. */
  invoke(versionArn: string, payload: unknown): Promise<unknown>;
  tell(message: string): void;
  /** Between attempts. Default: the clock's time. */
  wait?: PatienceOptions["wait"] | undefined;
}

/** How long the permissions of a role that was made a moment ago may take until they hold everywhere. */
const newRoleMs = 10_000;

/**
 * Lets a version of the function answer its probe.
 * @throws unless the answer is the expected one.
 */
export async function proveVersion(world: ProofWorld, candidate: Candidate, isFirst: boolean): Promise<void> {
  const { question, expected, passes } = probes[candidate.probe ?? "webhook"];
  const event = await createEvent(world, candidate);
  const { wait } = world;
  const pause = createPatience({
    budgetMs: isFirst ? newRoleMs : 0,
    tell: (message) => world.tell(message),
    ...(wait === undefined ? {} : { wait }),
  }).begin();
  let answer: unknown;
  do {
    answer = await world.invoke(candidate.versionArn, event);
    if (passes(answer)) return;
  } while (await pause(`Version ${candidate.version} of the function answers with ${describe(answer)}.`));
  throw new Error(
    `Version ${candidate.version} of the function does not answer ${question} with ${expected} but with ${describe(answer)}. ` +
      "The live version was not changed. The function's log group has the rest.",
  );
}

async function createEvent(world: ProofWorld, candidate: Candidate): Promise<unknown> {
  if (candidate.probe === "queue") return emptyBatch;
  return emptyWebhook(await world.readCredentials(candidate.credentials), candidate.botUserId);
}

const failure = v.object({ errorType: v.optional(v.string()), errorMessage: v.string() });

function describe(answer: unknown): string {
  const failed = v.safeParse(failure, answer);
  if (failed.success) return `${failed.output.errorType ?? "Error"}: ${failed.output.errorMessage}`;
  return (JSON.stringify(answer) ?? "nothing").slice(0, 200);
}
