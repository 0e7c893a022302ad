import * as v from "valibot";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { createPatience, type Pause, type PatienceOptions } from "../channel-webhook/patience.ts";
import { type Probe, queueProbes, webhookProbes } from "./probes.ts";

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

/** What is known of the version: the stack's first one, another than before, or the one that is live already. */
export type Standing = "first" | "next" | "live";

/** How long the permissions of a role that was made a moment ago may take until they hold everywhere. */
const newRoleMs = 10_000;

/**
 * Lets a version of the function answer its probes, one after the other.
 * @throws unless every answer is the expected one.
 */
export async function proveVersion(world: ProofWorld, candidate: Candidate, standing: Standing): Promise<void> {
  const { wait } = world;
  const pause = createPatience({
    budgetMs: standing === "first" ? newRoleMs : 0,
    tell: (message) => world.tell(message),
    ...(wait === undefined ? {} : { wait }),
  }).begin();
  for (const probe of await chooseProbes(world, candidate)) {
    const answer = await ask(world, candidate, probe, pause);
    if (probe.passes(answer)) continue;
    throw new Error(
      `Version ${candidate.version} of the function ${probe.complaint} ${describe(answer)}. ${consequences[standing]} ${probe.advice}`,
    );
  }
}

const consequences: Readonly<Record<Standing, string>> = {
  first: "Nothing goes live.",
  next: "The live version was not changed.",
  live: "It is the live version: deploy one that does better.",
};

/** @returns the last answer. */
async function ask(world: ProofWorld, { versionArn, version }: Candidate, { event, passes }: Probe, pause: Pause) {
  for (;;) {
    const answer = await world.invoke(versionArn, event);
    if (passes(answer)) return answer;
    if (!(await pause(`Version ${version} of the function answers with ${describe(answer)}.`))) return answer;
  }
}

async function chooseProbes(world: ProofWorld, candidate: Candidate): Promise<readonly Probe[]> {
  if (candidate.probe === "queue") return queueProbes;
  return webhookProbes(await world.readCredentials(candidate.credentials), candidate.botUserId);
}

const failure = v.object({ errorType: v.optional(v.string()), errorMessage: v.string() });

function describe(answer: unknown): string {
  const failed = v.safeParse(failure, answer);
  if (failed.success) return `${failed.output.errorType ?? "Error"}: ${failed.output.errorMessage}`;
  return (JSON.stringify(answer) ?? "nothing").slice(0, 200);
}
