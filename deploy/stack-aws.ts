import { GetFunctionConfigurationCommand, LambdaClient, ResourceNotFoundException } from "@aws-sdk/client-lambda";
import {
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceNotFoundException as SecretNotFound,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { clientConfigFor, clientConfigIn, guardAccount } from "../infra/aws-client.ts";
import type { AwsSettings } from "../infra/aws-settings.ts";
import type { DeployTarget } from "./local-stack.ts";

/** How a command reaches the AWS of a stack: as the stack's provider does, or at the local cloud's endpoint. */
export interface StackAws {
  settings: AwsSettings;
  target: DeployTarget | undefined;
}

interface Access {
  endpoint?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

function accessTo(target: DeployTarget | undefined): Access {
  if (target === undefined) return {};
  const { AWS_ENDPOINT_URL = "", AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = target.env;
  return {
    endpoint: AWS_ENDPOINT_URL,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  };
}

/** What every client of the AWS SDK is made with. */
export function clientConfigOf({ settings, target }: StackAws, region: string) {
  return { ...clientConfigIn(region, settings), ...accessTo(target) };
}

async function withSecrets<T>(
  { settings, target }: StackAws,
  arn: string,
  use: (client: SecretsManagerClient) => Promise<T>,
) {
  const client = new SecretsManagerClient({ ...clientConfigFor(arn, settings), ...accessTo(target) });
  try {
    return await use(client);
  } catch (error) {
    // A secret that is marked for deletion answers InvalidRequestException.
    if (error instanceof SecretNotFound || error instanceof InvalidRequestException) return undefined;
    throw error;
  } finally {
    client.destroy();
  }
}

/** Undefined: there is no such secret (any more), or it has no value. */
export function tryReadSecret(aws: StackAws, arn: string): Promise<string | undefined> {
  return withSecrets(aws, arn, async (client) => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    return SecretString;
  });
}

/** Undefined: there is no such secret (any more). */
export function tryWriteSecret(aws: StackAws, arn: string, text: string): Promise<string | undefined> {
  return withSecrets(aws, arn, async (client) => {
    const { VersionId } = await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: text }));
    return VersionId;
  });
}

export interface LiveFunction {
  version: string | undefined;
  /** In hexadecimal, as the artifact's. */
  codeSha256: string;
}

/** What the alias runs. Undefined: there is no such function or alias. */
export async function tryFindLive(aws: StackAws, region: string, name: string): Promise<LiveFunction | undefined> {
  const client = new LambdaClient(clientConfigOf(aws, region));
  try {
    const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name, Qualifier: "live" }));
    guardAccount(found.FunctionArn ?? "", aws.settings);
    return { version: found.Version, codeSha256: Buffer.from(found.CodeSha256 ?? "", "base64").toString("hex") };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  } finally {
    client.destroy();
  }
}
