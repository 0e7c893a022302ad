import { type ChannelCredentials, parseCredentials } from "../line/credentials.ts";
import { type AwsSettings, clientConfigFor } from "./aws-client.ts";

/** Neither the secret nor the environment has them. */
export class NoCredentials extends Error {
  override readonly name = "NoCredentials";
}

/**
 * The channel's credentials, from where they live: the secret of this ARN, read with AWS's default credential chain
 * (and the stack's `aws:profile`); where the secret is gone, `LINE_CHANNEL_ID`, `LINE_CHANNEL_SECRET` and
 * `LINE_CHANNEL_ACCESS_TOKEN` of the environment. Never from state.
 * @throws {NoCredentials} when there are none in either place.
 */
export async function readStoredCredentials(secretArn: string, aws: AwsSettings): Promise<ChannelCredentials> {
  const text = (await tryReadSecret(secretArn, aws)) ?? fromEnvironment(process.env);
  if (text !== undefined) return parseCredentials(text);
  throw new NoCredentials(
    `The secret ${secretArn} does not exist (or has no value). ` +
      "Set LINE_CHANNEL_ID and LINE_CHANNEL_SECRET in the environment to go on without it.",
  );
}

/** Undefined: the secret is gone, or on its way. Anything else that is wrong with AWS is thrown as AWS says it. */
async function tryReadSecret(secretArn: string, aws: AwsSettings): Promise<string | undefined> {
  // Loaded when needed: it is the heaviest import of the deployment.
  const { GetSecretValueCommand, InvalidRequestException, ResourceNotFoundException, SecretsManagerClient } =
    await import("@aws-sdk/client-secrets-manager");
  const client = new SecretsManagerClient(clientConfigFor(secretArn, aws));
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

function fromEnvironment(env: NodeJS.ProcessEnv): string | undefined {
  const { LINE_CHANNEL_ID: channelId, LINE_CHANNEL_SECRET: channelSecret, LINE_CHANNEL_ACCESS_TOKEN } = env;
  if (channelId === undefined || channelSecret === undefined) return undefined;
  return JSON.stringify({ channelId, channelSecret, channelAccessToken: LINE_CHANNEL_ACCESS_TOKEN });
}
