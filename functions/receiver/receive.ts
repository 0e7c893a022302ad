import { isUtf8 } from "node:buffer";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { isSignature, signatureHeader, verifySignature } from "@pulumi-line-bot/kit/signature";
import { MalformedCallback, parseCallback, type Callback } from "./callback.ts";
import { CredentialsUnavailable, type CredentialsCache } from "../shared/credentials-cache.ts";

export type Received =
  | ({ outcome: "received" } & Callback)
  | { outcome: "not authentic" | "too large" }
  | { outcome: "malformed"; reason: string }
  | { outcome: "credentials unavailable"; reason: string };

/** The part of an API Gateway request that counts here. It is a stranger's until its signature is verified. */
export type WebhookRequest = Partial<Pick<APIGatewayProxyEventV2, "headers" | "body" | "isBase64Encoded">>;

/** LINE states no limit: this is room for a thousand events. Lambda itself gives a function at most six times as much. */
const mostBytes = 1024 * 1024;

/** The body as it was signed: bytes where API Gateway encoded them, else the string that stands for its UTF-8. */
type SignedBody = Buffer | string;

/**
 * Takes events from a webhook request: verifies the signature on the body's raw bytes, then decodes, parses and checks
 * them. What is not authentic is never parsed.
 */
export async function receive(request: WebhookRequest, credentials: CredentialsCache): Promise<Received> {
  const isBase64 = request.isBase64Encoded === true;
  const signature = findSignature(request.headers);
  const body = toSignedBody(request.body, isBase64);
  // Without the form of a signature there is nothing to compare, and no reason to ask for the secret.
  if (signature === undefined || body === undefined) return { outcome: "not authentic" };
  try {
    const { channelSecret } = await credentials.current();
    const authentic =
      verifySignature(body, channelSecret, signature) ||
      (await verifiesWithRenewed(body, channelSecret, signature, credentials));
    if (!authentic) return { outcome: "not authentic" };
    return Buffer.byteLength(body) > mostBytes ? { outcome: "too large" } : read(body);
  } catch (error) {
    if (error instanceof CredentialsUnavailable) return { outcome: "credentials unavailable", reason: error.message };
    if (error instanceof MalformedCallback) return { outcome: "malformed", reason: error.message };
    throw error;
  }
}

/** Header names come in any case: LINE announces that theirs may change, and only HTTP APIs lower it. */
function findSignature(headers: WebhookRequest["headers"]): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const value =
    headers[signatureHeader] ?? Object.entries(headers).find(([name]) => name.toLowerCase() === signatureHeader)?.[1];
  return isSignature(value) ? value : undefined;
}

function toSignedBody(body: unknown, isBase64: boolean): SignedBody | undefined {
  if (typeof body !== "string") return undefined;
  if (!isBase64) return body;
  const bytes = Buffer.from(body, "base64");
  // Node skips over what is not base64; API Gateway sends nothing of the kind.
  return bytes.toString("base64") === body ? bytes : undefined;
}

/** A signature that does not verify may be made with a secret reissued since the last look. */
async function verifiesWithRenewed(
  body: SignedBody,
  formerSecret: string,
  signature: string,
  credentials: CredentialsCache,
): Promise<boolean> {
  const renewed = await credentials.renewed();
  if (renewed === undefined || renewed.channelSecret === formerSecret) return false;
  return verifySignature(body, renewed.channelSecret, signature);
}

function read(body: SignedBody): Received {
  const isText = typeof body === "string" ? body.isWellFormed() : isUtf8(body);
  if (!isText) throw new MalformedCallback("the UTF-8");
  const { destination, events, malformed } = parseCallback(body.toString());
  return { outcome: "received", destination, events, malformed };
}
