import * as v from "valibot";
import { parseCredentials, type ChannelCredentials } from "../../line/credentials.ts";
import type { AwsCall } from "./aws-call.ts";
import { CredentialsUnavailable } from "./credentials-cache.ts";

const answer = v.object({ SecretString: v.string() });

/** LINE waits 2 seconds for the webhook, and there is more to do than this. */
const timeoutMs = 700;

/**
 * Reads the channel's credentials from Secrets Manager.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 * @throws {CredentialsUnavailable}
 */
export async function fetchCredentials(secretArn: string, callSecretsManager: AwsCall): Promise<ChannelCredentials> {
  try {
    const parsed = v.safeParse(
      answer,
      await callSecretsManager("GetSecretValue", { SecretId: secretArn }, { timeoutMs }),
    );
    if (!parsed.success) throw new Error("Secrets Manager answered without a SecretString");
    return parseCredentials(parsed.output.SecretString);
  } catch (cause) {
    // Those who hold the credentials' errors never have their values, so the message may be told.
    const reason = cause instanceof Error ? cause.message : "unknown";
    throw new CredentialsUnavailable(`The channel's credentials cannot be read: ${reason}`, { cause });
  }
}
