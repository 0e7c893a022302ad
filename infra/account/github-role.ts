import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { AccountConfig } from "./config.ts";
import type { Policies } from "./permissions.ts";
import { toPolicy } from "./policy.ts";

const issuer = "token.actions.githubusercontent.com";

/** @returns the ARN of GitHub's identity provider. An account has one for all repositories. */
export function createGithubProvider({ account, existing, protect }: AccountConfig): pulumi.Output<string> {
  if (existing.includes("oidc-provider"))
    return pulumi.output(`arn:${account.partition}:iam::${account.id}:oidc-provider/${issuer}`);
  // IAM trusts GitHub's certificate by its authority: no thumbprint is to be kept.
  const provider = new aws.iam.OpenIdConnectProvider(
    "github",
    { url: `https://${issuer}`, clientIdLists: ["sts.amazonaws.com"] },
    { protect },
  );
  return provider.arn;
}

export interface GithubRoleArgs extends AccountConfig {
  provider: pulumi.Input<string>;
  permissions: Policies;
}

export type Purpose = "preview" | "deploy";

/** A role that only the repository's own workflows can take, for an hour. */
export function createGithubRole(purpose: Purpose, args: GithubRoleArgs): aws.iam.Role {
  const { project, stack, provider, permissions } = args;
  const role = new aws.iam.Role(purpose, {
    name: `${project}-${stack}-${purpose}`,
    description: `GitHub's ${purpose} of the Pulumi stack ${project}/${stack}`,
    maxSessionDuration: 3600,
    assumeRolePolicy: toTrust(purpose, args, provider),
  });
  for (const [name, statements] of Object.entries(permissions)) {
    new aws.iam.RolePolicy(
      `${purpose}-${name}`,
      { role: role.name, name, policy: toPolicy(statements) },
      { parent: role },
    );
  }
  return role;
}

/**
 * Previews run what is merged: a pull request's code gets no credentials, for a preview can read what the bot's secret
 * holds. Deployments run in the stack's environment, whose rules ask for a reviewer, and from `main` alone.
 */
const subjects: Record<Purpose, (stack: string) => string> = {
  preview: () => "ref:refs/heads/main",
  deploy: (stack) => `environment:${stack}`,
};

/**
 * The numbers pin the repository: a name can be given up and taken by somebody else. The subject has them or not, by
 * the age of the repository.
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
function toTrust(purpose: Purpose, { repository, stack }: AccountConfig, provider: pulumi.Input<string>) {
  const [owner = "", name = ""] = repository.name.split("/");
  const subject = subjects[purpose](stack);
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: provider },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            [`${issuer}:aud`]: "sts.amazonaws.com",
            [`${issuer}:repository_id`]: repository.id,
            [`${issuer}:ref`]: "refs/heads/main",
            [`${issuer}:sub`]: [
              `repo:${owner}/${name}:${subject}`,
              `repo:${owner}@${repository.ownerId}/${name}@${repository.id}:${subject}`,
            ],
          },
        },
      },
    ],
  });
}
