import * as aws from "@pulumi/aws";
import type { AccountConfig } from "./config.ts";

/** Encrypts what is secret in one stack's configuration and state. Who may use it is in the roles' policies. */
export function createSecretsKey({ account, project, stack, protect }: AccountConfig): aws.kms.Key {
  const key = new aws.kms.Key(
    "secrets",
    {
      description: `Secrets of the Pulumi stack ${project}/${stack}`,
      enableKeyRotation: true,
      // Without the key a state is lost: it can be called back for as long as possible.
      deletionWindowInDays: 30,
      // It keeps out the roles of other stacks in the account.
      tags: { Stack: stack },
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            // A key that nobody may manage cannot be had back. It names the account, which then asks IAM.
            Sid: "AccountManagesItByIam",
            Effect: "Allow",
            Principal: { AWS: `arn:${account.partition}:iam::${account.id}:root` },
            Action: "kms:*",
            Resource: "*",
          },
        ],
      }),
    },
    { protect },
  );
  new aws.kms.Alias("secrets", { name: `alias/${project}-${stack}`, targetKeyId: key.id }, { parent: key });
  return key;
}
