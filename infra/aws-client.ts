import type { dynamic } from "@pulumi/pulumi";
import * as v from "valibot";

/** How the deploy side reaches AWS: its default credential chain, and what the stack's configuration says. */
export interface AwsSettings {
  profile?: string | undefined;
  /** The account guard of the stack's provider. Undefined: every account is allowed. */
  allowedAccountIds?: string[] | undefined;
}

const accountIds = v.array(v.string());

export function readAwsSettings(config: dynamic.Config): AwsSettings {
  return {
    profile: config.get("aws:profile"),
    allowedAccountIds: parseAccountIds(config.get("aws:allowedAccountIds")),
  };
}

/** A dynamic provider gets the list as JSON. */
function parseAccountIds(text: string | undefined): string[] | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return v.parse(accountIds, JSON.parse(text));
  } catch (error) {
    throw new Error(`aws:allowedAccountIds has to be a list of account IDs in quotation marks, not ${text}`, {
      cause: error,
    });
  }
}

/**
 * The configuration of an AWS client for the region that an ARN names.
 * @throws where the ARN is of an account that the stack may not work in: the `aws` provider refuses those, and so
 * does this side, which has credentials of its own.
 */
export function clientConfigFor(
  arn: string,
  { profile, allowedAccountIds }: AwsSettings,
): { region: string; profile?: string } {
  const [scheme, , , region, account] = arn.split(":");
  if (scheme !== "arn" || region === undefined || region === "") throw new Error(`${arn} is not an ARN with a region`);
  if (allowedAccountIds !== undefined && !allowedAccountIds.includes(account ?? "")) {
    throw new Error(
      `${arn} is of the account ${account ?? ""}, and aws:allowedAccountIds allows this stack only ${allowedAccountIds.join(", ")}. ` +
        "Use a secret of the stack's own account, or add the account to the list.",
    );
  }
  return profile === undefined ? { region } : { region, profile };
}
