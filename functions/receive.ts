import { isUtf8 } from "node:buffer";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { isSignature, signatureHeader, verifySignature } from "../line/signature.ts";
import { MalformedCallback, parseCallback, type Callback } from "./callback.ts";
import { CredentialsUnavailable, type CredentialsCache } from "./credentials-cache.ts";

export type Received =
  | ({ outcome: "received" } & Callback)
  | { outcome: "not authentic" | "too large" }
  | { outcome: "malformed"; reason: string }
  | { outcome: "credentials unavailable"; cause: CredentialsUnavailable };

/** The part of an API Gateway request that counts here. It is a stranger's until its signature is verified. */
export type WebhookRequest = Partial<Pick<APIGatewayProxyEventV2, "headers" | "body" | "isBase64Encoded">>;

/** LINE states no limit; its largest bodies are some tens of kilobytes. */
const mostBytes = 1024 * 1024;

/**
 * Takes events from a webhook request: verifies the signature on the body's raw bytes, then decodes, parses and checks
 * them. What is not authentic is never parsed.
 */
export async function receive(request: WebhookRequest, credentials: CredentialsCache): Promise<Received> {
  const { body } = request;
  if (typeof body === "string" && byteLength(body, request.isBase64Encoded === true) > mostBytes) {
    return { outcome: "too large" };
  }
  const signature = findSignature(request.headers);
  const bytes = toBytes(body, request.isBase64Encoded === true);
  // Without the form of a signature there is nothing to compare, and no reason to ask for the secret.
  if (signature === undefined || bytes === undefined) return { outcome: "not authentic" };
  try {
    if (!(await isAuthentic(bytes, signature, credentials))) return { outcome: "not authentic" };
  } catch (error) {
    if (error instanceof CredentialsUnavailable) return { outcome: "credentials unavailable", cause: error };
    throw error;
  }
  return readBytes(bytes);
}

/** Header names come in any case: LINE announces that theirs may change, and only HTTP APIs lower it. */
function findSignature(headers: WebhookRequest["headers"]): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const value =
    headers[signatureHeader] ?? Object.entries(headers).find(([name]) => name.toLowerCase() === signatureHeader)?.[1];
  return isSignature(value) ? value : undefined;
}

function byteLength(body: string, isBase64: boolean): number {
  return Buffer.byteLength(body, isBase64 ? "base64" : "utf8");
}

function toBytes(body: unknown, isBase64: boolean): Buffer | undefined {
  if (typeof body !== "string") return undefined;
  if (!isBase64) return Buffer.from(body, "utf8");
  const bytes = Buffer.from(body, "base64");
  // Node skips over what is not base64; API Gateway sends nothing of the kind.
  return bytes.toString("base64") === body ? bytes : undefined;
}

/** A signature that does not verify may be made with a secret reissued since the last look. */
async function isAuthentic(bytes: Buffer, signature: string, credentials: CredentialsCache): Promise<boolean> {
  const { channelSecret } = await credentials.current();
  if (verifySignature(bytes, channelSecret, signature)) return true;
  const renewed = await credentials.renewed();
  if (renewed === undefined || renewed.channelSecret === channelSecret) return false;
  return verifySignature(bytes, renewed.channelSecret, signature);
}

function readBytes(bytes: Buffer): Received {
  if (!isUtf8(bytes)) return { outcome: "malformed", reason: "the UTF-8" };
  try {
    const { destination, events } = parseCallback(bytes.toString("utf8"));
    return { outcome: "received", destination, events };
  } catch (error) {
    if (error instanceof MalformedCallback) return { outcome: "malformed", reason: error.message };
    throw error;
  }
}
