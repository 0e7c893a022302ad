import { randomBytes } from "node:crypto";
import * as v from "valibot";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { sign, signatureHeader } from "@pulumi-line-bot/kit/signature";

/** A call that changes nothing, and how a version of a function has to answer it before it goes live. */
export interface Probe {
  event: unknown;
  passes: (answer: unknown) => boolean;
  /** What is wrong with another answer, in the middle of a sentence that ends with the answer. */
  complaint: string;
  /** What to do about it. */
  advice: string;
}

const readTheLog = "The function's log group has the rest.";

/** SQS itself never sends one: a function that reads it has started, and has what it needs to. */
export const queueProbes: readonly Probe[] = [
  {
    event: { Records: [] },
    passes: (answer) => v.is(v.object({ batchItemFailures: v.strictTuple([]) }), answer),
    complaint: 'does not answer an empty batch of the queue with {"batchItemFailures":[]} but with',
    advice: readTheLog,
  },
];

/** What LINE sends to verify an endpoint is taken; the same from anyone else is not. */
export function webhookProbes({ channelSecret }: ChannelCredentials, botUserId = `U${"0".repeat(32)}`): Probe[] {
  const body = emptyWebhook(botUserId);
  return [
    {
      event: toGatewayEvent(body, sign(body, channelSecret)),
      passes: (answer) => v.is(v.object({ statusCode: v.literal(200) }), answer),
      complaint: "does not answer LINE's empty, signed webhook with 200 but with",
      advice: readTheLog,
    },
    ...Object.entries(forge(body, channelSecret)).map(([what, signature]) => ({
      event: toGatewayEvent(body, signature),
      passes: isRefusal,
      complaint: `takes a webhook with ${what}, which anyone could send: it answers with`,
      advice: `It has to verify \`${signatureHeader}\` before all else, and to answer 401 where that fails.`,
    })),
  ];
}

/** A webhook without events: to take it changes nothing. */
export const emptyWebhook = (destination: string): string => JSON.stringify({ destination, events: [] });

/**
 * The signatures of a body that LINE did not sign, each with its name. They come after an authentic webhook, whose
 * secret the function has just read: none of them makes it ask Secrets Manager again.
 */
export function forge(body: string, channelSecret: string): Record<string, string | undefined> {
  return {
    "the signature of another body": sign(`${body} `, channelSecret),
    "no signature": undefined,
    "a signature made with another secret": sign(body, randomBytes(16).toString("hex")),
  };
}

export const isRefusalStatus = (status: number): boolean => status < 200 || status > 299;

/** Anything without a status is a 200 to API Gateway, and an error a 500. */
const isRefusal = (answer: unknown): boolean =>
  v.is(v.object({ statusCode: v.pipe(v.number(), v.integer(), v.check(isRefusalStatus)) }), answer) ||
  v.is(v.object({ errorMessage: v.string() }), answer);

function toGatewayEvent(body: string, signature: string | undefined) {
  const signed = signature === undefined ? {} : { [signatureHeader]: signature };
  return {
    version: "2.0",
    routeKey: "POST /webhook",
    rawPath: "/webhook",
    rawQueryString: "",
    headers: { "content-type": "application/json; charset=utf-8", ...signed },
    requestContext: { requestId: "proof", http: { method: "POST", path: "/webhook" } },
    body,
    isBase64Encoded: false,
  };
}
