import * as v from "valibot";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { sign, signatureHeader } from "../../line/signature.ts";
import { createPatience, type PatienceOptions } from "../channel-webhook/patience.ts";

export interface Candidate {
  versionArn: string;
  version: string;
  botUserId?: string | undefined;
}

/** What the proof needs of the world. */
export interface ProofWorld {
  readCredentials(): Promise<ChannelCredentials>;
  /** Invokes the function version with a gateway's event; the answer, or Lambda's description of an error. */
  invoke(versionArn: string, payload: unknown): Promise<unknown>;
  tell(message: string): void;
  /** Between attempts. Default: the clock's time. */
  wait?: PatienceOptions["wait"] | undefined;
}

/** How long the permissions of a role that was made a moment ago may take until they hold everywhere. */
const newRoleMs = 10_000;

/**
 * Lets a version of the function answer LINE's empty, signed webhook.
 * @throws unless the answer is 200.
 */
export async function proveVersion(world: ProofWorld, candidate: Candidate, isFirst: boolean): Promise<void> {
  const { channelSecret } = await world.readCredentials();
  const { wait } = world;
  const pause = createPatience({
    budgetMs: isFirst ? newRoleMs : 0,
    tell: (message) => world.tell(message),
    ...(wait === undefined ? {} : { wait }),
  }).begin();
  let answer: unknown;
  do {
    answer = await world.invoke(candidate.versionArn, emptyWebhook(channelSecret, candidate.botUserId));
    if (v.is(success, answer)) return;
  } while (await pause(`Version ${candidate.version} of the function answers with ${describe(answer)}.`));
  throw new Error(
    `Version ${candidate.version} of the function does not answer LINE's empty, signed webhook with 200 but with ${describe(answer)}. ` +
      "The live version was not changed. The function's log group has the rest.",
  );
}

const success = v.object({ statusCode: v.literal(200) });

/** What LINE sends to verify an endpoint, in the gateway's form. */
function emptyWebhook(channelSecret: string, botUserId = `U${"0".repeat(32)}`) {
  const body = JSON.stringify({ destination: botUserId, events: [] });
  return {
    version: "2.0",
    routeKey: "POST /webhook",
    rawPath: "/webhook",
    rawQueryString: "",
    headers: { "content-type": "application/json; charset=utf-8", [signatureHeader]: sign(body, channelSecret) },
    requestContext: { requestId: "proof", http: { method: "POST", path: "/webhook" } },
    body,
    isBase64Encoded: false,
  };
}

const failure = v.object({ errorType: v.optional(v.string()), errorMessage: v.string() });

function describe(answer: unknown): string {
  const failed = v.safeParse(failure, answer);
  if (failed.success) return `${failed.output.errorType ?? "Error"}: ${failed.output.errorMessage}`;
  return (JSON.stringify(answer) ?? "nothing").slice(0, 200);
}
