import { setTimeout as wait } from "node:timers/promises";
import { findEndpoint, readKeys, requireVariable, type Environment } from "./aws/environment.ts";
import { post, type PostAnswer } from "./aws/post.ts";
import { createSignRequest } from "./aws/sign-request.ts";

/** The services that speak AWS's JSON protocols, as far as they are called here. */
const services = {
  secretsmanager: { target: "secretsmanager", contentType: "application/x-amz-json-1.1" },
  sqs: { target: "AmazonSQS", contentType: "application/x-amz-json-1.0" },
  dynamodb: { target: "DynamoDB_20120810", contentType: "application/x-amz-json-1.0" },
};

/** A service refused a call, or could not be reached. The message names the error, and nothing that was sent. */
class AwsCallFailed extends Error {
  override readonly name = "AwsCallFailed";
  /** The code as the service names it, as in `AccessDeniedException`. */
  readonly code: string | undefined;
  /** Whether the same call may succeed a moment later. */
  readonly passing: boolean;
  constructor(message: string, { code, passing, cause }: { code?: string; passing: boolean; cause?: unknown }) {
    super(message, { cause });
    this.code = code;
    this.passing = passing;
  }
}

/**
 * Makes one call, and again while it fails for a reason that passes, until the time is over.
 * @throws {AwsCallFailed}
 */
export type AwsCall = (operation: string, input: unknown, limits: { timeoutMs: number }) => Promise<unknown>;

/** So that a try without an answer leaves time for another one. */
const longestTryMs = 600;
const shortestTryMs = 50;
const firstPauseMs = 30;

/**
 * Calls one service with the function's role. The AWS SDK's clients would be ten times the size of all the rest of the
 * receiver.
 */
export function createAwsCall(service: keyof typeof services, env: Environment, send = post): AwsCall {
  const { target, contentType } = services[service];
  const url = findEndpoint(service, env);
  const sign = createSignRequest(readKeys(env), requireVariable(env, "AWS_REGION"), service);

  const tryOnce = async (operation: string, body: string, timeoutMs: number): Promise<unknown> => {
    const headers = { "content-type": contentType, "x-amz-target": `${target}.${operation}` };
    const signed = { url, headers: sign({ url, headers, body }, new Date()), body };
    // Not `AbortSignal.timeout`, whose timers stay behind when the call is over: many, in a busy function.
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), timeoutMs);
    try {
      return readAnswer(await send(signed, overdue.signal));
    } catch (cause) {
      if (cause instanceof AwsCallFailed) throw cause;
      const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
      throw new AwsCallFailed(`${service} cannot be reached: ${reason}`, { passing: true, cause });
    } finally {
      clearTimeout(timer);
    }
  };

  return async (operation, input, { timeoutMs }) => {
    const body = JSON.stringify(input);
    const endsAtMs = performance.now() + timeoutMs;
    const leftMs = () => endsAtMs - performance.now();
    for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
      try {
        return await tryOnce(operation, body, Math.min(longestTryMs, Math.max(1, leftMs())));
      } catch (error) {
        if (!(error instanceof AwsCallFailed && error.passing)) throw error;
        await wait(Math.max(0, Math.min(leftMs(), pauseMs * (0.5 + Math.random() / 2))));
        // A try that is cut short tells less than the one before it.
        if (leftMs() < shortestTryMs) throw error;
      }
    }
  };
}

function readAnswer({ status, text }: PostAnswer): unknown {
  const answer = tryParseJson(text);
  if (status === 200) return answer;
  const code = findCode(answer);
  const passing = status >= 500 || status === 429 || (code !== undefined && throttles.test(code));
  throw new AwsCallFailed(`AWS answered ${status} ${code ?? ""}`, { ...(code !== undefined && { code }), passing });
}

/** The names that services give to "too many requests", which comes with status 400. */
const throttles = /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|LimitExceeded$/;

/** The name in `com.amazonaws…#ResourceNotFoundException`, and nothing else that may stand there. */
function findCode(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("__type" in answer)) return undefined;
  return typeof answer.__type === "string" ? /(?:^|#)([A-Za-z.]{1,80})$/.exec(answer.__type)?.[1] : undefined;
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may be the secret.
    return undefined;
  }
}
