import { type CredentialProvider, credentialsFor } from "./aws-credentials.ts";
import type { AwsSettings } from "./aws-settings.ts";

/** What every client of the AWS SDK takes. */
export interface AwsClientConfig {
  region: string;
  profile?: string;
  credentials?: CredentialProvider;
  useDualstackEndpoint?: boolean;
  useFipsEndpoint?: boolean;
}

/**
 * The configuration of an AWS client for the region that an ARN names.
 * @throws where the ARN is of an account that the stack may not work in.
 */
export function clientConfigFor(arn: string, settings: AwsSettings): AwsClientConfig {
  guardAccount(arn, settings);
  return clientConfigIn(regionOf(arn), settings);
}

/** The configuration of an AWS client for a region. Who has no ARN yet guards the account when it has one. */
export function clientConfigIn(region: string, settings: AwsSettings): AwsClientConfig {
  const { profile, useDualstackEndpoint, useFipsEndpoint } = settings;
  const credentials = credentialsFor(settings, region);
  return {
    region,
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(useDualstackEndpoint === undefined ? {} : { useDualstackEndpoint }),
    ...(useFipsEndpoint === undefined ? {} : { useFipsEndpoint }),
  };
}

/**
 * The account guard of the stack's provider: the `aws` provider refuses other accounts, and so does this side, which
 * has credentials of its own.
 * @throws where the ARN is of an account that the stack may not work in.
 */
export function guardAccount(arn: string, { allowedAccountIds, forbiddenAccountIds }: AwsSettings): void {
  const account = arn.split(":")[4] ?? "";
  const advice = "Use a secret of the stack's own account, or change the list.";
  if (allowedAccountIds !== undefined && !allowedAccountIds.includes(account)) {
    throw new Error(
      `${arn} is of the account ${account}, and aws:allowedAccountIds allows this stack only ${allowedAccountIds.join(", ")}. ${advice}`,
    );
  }
  if (forbiddenAccountIds?.includes(account)) {
    throw new Error(`${arn} is of the account ${account}, which aws:forbiddenAccountIds forbids this stack. ${advice}`);
  }
}

function regionOf(arn: string): string {
  const [scheme, , , region] = arn.split(":");
  if (scheme !== "arn" || region === undefined || region === "") throw new Error(`${arn} is not an ARN with a region`);
  return region;
}
