import * as v from "valibot";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { sign, signatureHeader } from "../../line/signature.ts";

type ProbeName = "webhook" | "queue";

/** A call that changes nothing, which every version of a function has to answer before it goes live. */
interface Probe {
  /** What it is, and which answer is expected, in the middle of a sentence. */
  question: string;
  expected: string;
  passes: (answer: unknown) => boolean;
}

export const probes: Readonly<Record<ProbeName, Probe>> = {
  webhook: {
    question: "LINE's empty, signed webhook",
    expected: "200",
    passes: (answer) => v.is(v.object({ statusCode: v.literal(200) }), answer),
  },
  queue: {
    question: "an empty batch of the queue",
    expected: '{"batchItemFailures":[]}',
    passes: (answer) => v.is(v.object({ batchItemFailures: v.strictTuple([]) }), answer),
  },
};

/** SQS itself never sends one: a function that reads it has started, and has what it needs to. */
export const emptyBatch = { Records: [] };

/** What LINE sends to verify an endpoint, in the gateway's form. */
export function emptyWebhook({ channelSecret }: ChannelCredentials, botUserId = `U${"0".repeat(32)}`) {
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
