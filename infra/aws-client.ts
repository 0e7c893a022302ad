import type { dynamic } from "@pulumi/pulumi";

/** How the deploy side reaches AWS: its default credential chain, and what the stack's configuration says. */
export interface AwsSettings {
  profile?: string | undefined;
}

export const readAwsSettings = (config: dynamic.Config): AwsSettings => ({ profile: config.get("aws:profile") });

/** The configuration of an AWS client for the region that an ARN names. */
export function clientConfigFor(arn: string, { profile }: AwsSettings): { region: string; profile?: string } {
  const [scheme, , , region] = arn.split(":");
  if (scheme !== "arn" || region === undefined || region === "") throw new Error(`${arn} is not an ARN with a region`);
  return profile === undefined ? { region } : { region, profile };
}
