import { AwsClient } from "aws4fetch";
import * as v from "valibot";
import { isLoopback } from "../line/api-url.ts";
import { parseCredentials, type ChannelCredentials } from "../line/credentials.ts";
import { CredentialsUnavailable } from "./credentials-cache.ts";
import { withDeadline } from "./deadline.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const answer = v.object({ SecretString: v.string() });
const refusal = v.object({ __type: v.string() });

/** LINE waits 2 seconds for the webhook, and there is more to do than this. */
const timeoutMs = 700;

/**
 * Reads the channel's credentials from Secrets Manager, with the role that Lambda puts into the environment. The AWS
 * SDK's client would be ten times the size of all the rest of the function.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 * @throws {CredentialsUnavailable}
 */
export async function fetchCredentials(secretArn: string, env: Environment): Promise<ChannelCredentials> {
  try {
    return await withDeadline(timeoutMs, () => getSecretValue(secretArn, env).then(parseCredentials));
  } catch (cause) {
    // Those who hold the credentials' errors never have their values, so the message may be told.
    const reason = cause instanceof Error ? cause.message : "unknown";
    throw new CredentialsUnavailable(`The channel's credentials cannot be read: ${reason}`, { cause });
  }
}

async function getSecretValue(secretArn: string, env: Environment): Promise<string> {
  const region = required(env, "AWS_REGION");
  const client = new AwsClient({
    accessKeyId: required(env, "AWS_ACCESS_KEY_ID"),
    secretAccessKey: required(env, "AWS_SECRET_ACCESS_KEY"),
    ...(env["AWS_SESSION_TOKEN"] !== undefined && { sessionToken: env["AWS_SESSION_TOKEN"] }),
    service: "secretsmanager",
    region,
    retries: 2,
  });
  const response = await client.fetch(secretsManagerUrl(env, region), {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue" },
    body: JSON.stringify({ SecretId: secretArn }),
    redirect: "error",
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Secrets Manager answered ${response.status} ${describeRefusal(text)}`);
  const parsed = v.safeParse(answer, tryParseJson(text));
  if (!parsed.success) throw new Error("Secrets Manager answered without a SecretString");
  return parsed.output.SecretString;
}

/** AWS's own variables for another endpoint; the secret travels over TLS, or stays on this machine. */
export function secretsManagerUrl(env: Environment, region: string): URL {
  const url = env["AWS_ENDPOINT_URL_SECRETS_MANAGER"] ?? env["AWS_ENDPOINT_URL"];
  if (url === undefined) return new URL(`https://secretsmanager.${region}.${dnsSuffix(region)}`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "https:" || (parsed?.protocol === "http:" && isLoopback(parsed))) return parsed;
  throw new Error(`The endpoint ${JSON.stringify(url)} is neither https:// nor on localhost`);
}

/** AWS's partitions have domains of their own. */
function dnsSuffix(region: string): string {
  if (region.startsWith("cn-")) return "amazonaws.com.cn";
  if (region.startsWith("eusc-")) return "amazonaws.eu";
  return "amazonaws.com";
}

/** The error's name, as in `com.amazonaws…#ResourceNotFoundException`. */
function describeRefusal(text: string): string {
  const parsed = v.safeParse(refusal, tryParseJson(text));
  return parsed.success ? parsed.output.__type.replace(/^.*#/, "") : "";
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may be the secret.
    return undefined;
  }
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}
