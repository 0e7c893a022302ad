import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  paginateListVersionsByFunction,
  ResourceNotFoundException,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import {
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceNotFoundException as SecretNotFound,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { clientConfigFor, clientConfigIn, guardAccount } from "../infra/aws-client.ts";
import type { AwsSettings } from "../infra/aws-settings.ts";
import type { LiveVersion } from "../infra/channel-webhook/live-versions.ts";
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

/** `undefined` if there is no such secret (any more), or it has no value. */
export function tryReadSecret(aws: StackAws, arn: string): Promise<string | undefined> {
  return withSecrets(aws, arn, async (client) => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    return SecretString;
  });
}

/** `undefined` if there is no such secret (any more). */
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

/** What the alias runs; `undefined` if there is no such function or alias. */
export async function tryFindLive(aws: StackAws, region: string, name: string): Promise<LiveFunction | undefined> {
  const client = new LambdaClient(clientConfigOf(aws, region));
  try {
    const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name, Qualifier: "live" }));
    guardAccount(found.FunctionArn ?? "", aws.settings);
    return { version: found.Version, codeSha256: toHex(found.CodeSha256) };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  } finally {
    client.destroy();
  }
}

const toHex = (base64 = ""): string => Buffer.from(base64, "base64").toString("hex");

async function withLambda<T>({ settings, target }: StackAws, arn: string, use: (client: LambdaClient) => Promise<T>) {
  const client = new LambdaClient({ ...clientConfigFor(arn, settings), ...accessTo(target) });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

/** An alias's ARN ends with the function's name and its own. */
const partsOf = (aliasArn: string) => {
  const [FunctionName = "", Name = ""] = aliasArn.split(":").slice(-2);
  return { FunctionName, Name };
};

/** The latest published version of an alias's function that runs these bytes. `undefined` if there is none (any more). */
export function tryFindVersion(aws: StackAws, aliasArn: string, sha256: string): Promise<string | undefined> {
  return withLambda(aws, aliasArn, async (client) => {
    const { FunctionName } = partsOf(aliasArn);
    const found: number[] = [];
    for await (const { Versions = [] } of paginateListVersionsByFunction({ client }, { FunctionName })) {
      const published = Versions.filter(
        ({ CodeSha256, Version }) => Version !== "$LATEST" && toHex(CodeSha256) === sha256,
      );
      found.push(...published.map(({ Version }) => Number(Version)));
    }
    return found.length === 0 ? undefined : String(Math.max(...found));
  });
}

/** Together: what belongs to one artifact is live at one time. */
export async function moveAliases(aws: StackAws, to: LiveVersion[]): Promise<void> {
  await Promise.all(
    to.map(({ aliasArn, version }) =>
      withLambda(aws, aliasArn, (client) =>
        client.send(new UpdateAliasCommand({ ...partsOf(aliasArn), FunctionVersion: version })),
      ),
    ),
  );
}
