import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import type { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type { AssumedRole, AwsSettings, WebIdentity } from "./aws-settings.ts";

/** Asked whenever a client needs credentials and the former ones have ended. */
export type CredentialProvider = ReturnType<typeof fromNodeProviderChain>;

/**
 * Who calls AWS, as the provider finds it: keys of the configuration or AWS's default chain, or a web identity's role
 * in place of both; then each assumed role with the credentials of the one before.
 * `undefined` if the client's own default chain does.
 */
export function credentialsFor(settings: AwsSettings, region: string): CredentialProvider | undefined {
  const roles = settings.assumeRoles ?? (settings.assumeRole === undefined ? [] : [settings.assumeRole]);
  const { accessKey, assumeRoleWithWebIdentity, sharedConfigFiles, sharedCredentialsFiles } = settings;
  const isDefault = [accessKey, assumeRoleWithWebIdentity, sharedConfigFiles, sharedCredentialsFiles, roles[0]].every(
    (setting) => setting === undefined,
  );
  if (isDefault) return undefined;
  const sts = { region: settings.stsRegion ?? settings.region ?? region };
  let credentials: Promise<CredentialProvider> | undefined;
  return async () => {
    credentials ??= openChain(settings, roles, sts);
    return (await credentials)();
  };
}

type Sts = { region: string };

async function openChain(settings: AwsSettings, roles: AssumedRole[], sts: Sts): Promise<CredentialProvider> {
  // Loaded when needed: most stacks need none of it.
  const { fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
  return roles.reduce<CredentialProvider>(
    (masterCredentials, role) =>
      fromTemporaryCredentials({ masterCredentials, params: toParams(role), clientConfig: sts }),
    await openBase(settings, sts),
  );
}

async function openBase(settings: AwsSettings, sts: Sts): Promise<CredentialProvider> {
  const { assumeRoleWithWebIdentity: web, profile, sharedConfigFiles, sharedCredentialsFiles } = settings;
  if (web !== undefined) return openWebIdentity(web, sts);
  const keys = keysOf(settings);
  if (keys !== undefined) return async () => keys;
  const sdk = await import("@aws-sdk/credential-providers");
  return sdk.fromNodeProviderChain({
    clientConfig: sts,
    ...(profile === undefined ? {} : { profile }),
    ...(sharedConfigFiles === undefined ? {} : { configFilepath: expand(sharedConfigFiles) }),
    ...(sharedCredentialsFiles === undefined ? {} : { filepath: expand(sharedCredentialsFiles) }),
  });
}

function keysOf({ accessKey, secretKey, token }: AwsSettings): Awaited<ReturnType<CredentialProvider>> | undefined {
  if (accessKey === undefined || secretKey === undefined) return undefined;
  return {
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    ...(token === undefined ? {} : { sessionToken: token }),
  };
}

/** The file is read each time: anyone who issues the token writes a new one there before the old one ends. */
function openWebIdentity(role: WebIdentity, clientConfig: Sts): CredentialProvider {
  return async () => {
    const { fromWebToken } = await import("@aws-sdk/credential-providers");
    const token = role.webIdentityToken ?? (await readFile(expand(role.webIdentityTokenFile ?? ""), "utf8"));
    const { roleArn, duration, policy, sessionName } = role;
    return fromWebToken({
      roleArn,
      webIdentityToken: token.trim(),
      clientConfig,
      ...(duration === undefined ? {} : { durationSeconds: duration }),
      ...(policy === undefined ? {} : { policy }),
      ...(role.policyArns === undefined ? {} : { policyArns: toPolicyArns(role.policyArns) }),
      ...(sessionName === undefined ? {} : { roleSessionName: sessionName }),
    })();
  };
}

/** What is not given is not sent: the client leaves undefined properties out. */
const toParams = (role: AssumedRole) => ({
  RoleArn: role.roleArn,
  RoleSessionName: role.sessionName ?? defaultSessionName,
  DurationSeconds: role.duration,
  ExternalId: role.externalId,
  Policy: role.policy,
  PolicyArns: role.policyArns && toPolicyArns(role.policyArns),
  SourceIdentity: role.sourceIdentity,
  Tags: role.tags && Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })),
  TransitiveTagKeys: role.transitiveTagKeys,
});

/** The session's name, which CloudTrail shows. */
const defaultSessionName = "pulumi-line-bot";

const toPolicyArns = (arns: string[]) => arns.map((arn) => ({ arn }));

const expand = (file: string) => (file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : file);
