import type * as pulumi from "@pulumi/pulumi";
import { dnsSuffixOf } from "@pulumi-line-bot/kit/partition";
import type { Grant } from "./live-function.ts";

/** Where the channel's credentials are, and the KMS key of one's own that encrypts them, if one does. */
export interface CredentialsPlace {
  credentialsSecretArn: pulumi.Input<string>;
  credentialsKeyArn: string | undefined;
}

/** To read the credentials: with a key of one's own, that takes the key as well, by way of Secrets Manager alone. */
export function grantsToRead({ credentialsSecretArn, credentialsKeyArn }: CredentialsPlace): Grant[] {
  const read: Grant = { actions: ["secretsmanager:GetSecretValue"], resource: credentialsSecretArn };
  if (credentialsKeyArn === undefined) return [read];
  const decrypt: Grant = {
    actions: ["kms:Decrypt"],
    resource: credentialsKeyArn,
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    condition: {
      StringEquals: {
        "kms:EncryptionContext:SecretARN": credentialsSecretArn,
        "kms:ViaService": viaSecretsManager(credentialsKeyArn),
      },
    },
  };
  return [read, decrypt];
}

/** How KMS names Secrets Manager in a key's region. */
function viaSecretsManager(keyArn: string): string {
  const [, partition = "", , region] = keyArn.split(":");
  return `secretsmanager.${region}.${dnsSuffixOf(partition)}`;
}
