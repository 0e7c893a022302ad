import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { type ChannelCredentials, parseCredentials } from "../line/credentials.ts";
import { clientConfigFor } from "./aws-client.ts";
import type { AwsSettings } from "./aws-settings.ts";

/** Neither the secret nor the environment has any that could be used. */
export class NoCredentials extends Error {
  override readonly name = "NoCredentials";
}

/**
 * The channel's credentials, from where they live: the secret of this ARN, read with AWS's default credential chain
 * (and the stack's `aws:profile`); where the secret is gone, `LINE_CHANNEL_ID`, `LINE_CHANNEL_SECRET` and
 * `LINE_CHANNEL_ACCESS_TOKEN` of the environment. Never from state.
 * @throws {NoCredentials} when there are none in either place, or what is there cannot be used; never with a value.
 */
export async function readStoredCredentials(
  secretArn: string,
  aws: AwsSettings,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ChannelCredentials> {
  const stored = await tryReadStoredCredentials(secretArn, aws);
  if (stored !== undefined) return stored;
  const gone = `The secret ${secretArn} does not exist (or has no value)`;
  const fromEnv = readEnvironment(env, gone);
  return parseAs(
    `${gone}, and LINE_CHANNEL_ID, LINE_CHANNEL_SECRET or LINE_CHANNEL_ACCESS_TOKEN cannot be used`,
    fromEnv,
  );
}

/**
 * What the secret holds; `undefined` if it is gone, or has no value.
 * @throws {NoCredentials} when what is there cannot be used; never with a value.
 */
export async function tryReadStoredCredentials(
  secretArn: string,
  aws: AwsSettings,
): Promise<ChannelCredentials | undefined> {
  const stored = await tryReadSecret(secretArn, aws);
  return stored === undefined ? undefined : parseAs(`The secret ${secretArn} cannot be used`, stored);
}

function parseAs(what: string, text: string): ChannelCredentials {
  try {
    return parseCredentials(text);
  } catch (error) {
    throw new NoCredentials(`${what}: ${messageOf(error)}.`, { cause: error });
  }
}

/** `undefined` if the secret is gone, or on its way. Anything else that is wrong with AWS is thrown as AWS says it. */
async function tryReadSecret(secretArn: string, aws: AwsSettings): Promise<string | undefined> {
  const clientConfig = clientConfigFor(secretArn, aws);
  // Loaded when needed: it is the heaviest import of the deployment.
  const { GetSecretValueCommand, InvalidRequestException, ResourceNotFoundException, SecretsManagerClient } =
    await import("@aws-sdk/client-secrets-manager");
  const client = new SecretsManagerClient(clientConfig);
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
    return SecretString;
  } catch (error) {
    // A secret that is marked for deletion answers InvalidRequestException.
    if (error instanceof ResourceNotFoundException || error instanceof InvalidRequestException) return undefined;
    throw error;
  } finally {
    client.destroy();
  }
}

/** Credentials as JSON. Half of them is a mistake of the person who set them, and would otherwise be reported as if none were there. */
function readEnvironment(env: NodeJS.ProcessEnv, gone: string): string {
  const needed = ["LINE_CHANNEL_ID", "LINE_CHANNEL_SECRET"];
  const missing = needed.filter((name) => env[name] === undefined || env[name] === "");
  if (missing.length > 0) {
    throw new NoCredentials(
      `${gone}, and ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not set in the environment either.`,
    );
  }
  const { LINE_CHANNEL_ID, LINE_CHANNEL_SECRET, LINE_CHANNEL_ACCESS_TOKEN } = env;
  return JSON.stringify({
    channelId: LINE_CHANNEL_ID,
    channelSecret: LINE_CHANNEL_SECRET,
    channelAccessToken: LINE_CHANNEL_ACCESS_TOKEN || undefined,
  });
}
