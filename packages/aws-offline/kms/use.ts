import type { HasAccountId } from "../account-id.ts";
import type { HasStore } from "../store/store.ts";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { isAllowed } from "../iam/access.ts";
import type { Caller } from "../sts/identity.ts";

interface Use {
  action: "kms:Decrypt" | "kms:GenerateDataKey";
  /** Id or ARN; `undefined` for AWS's own key, which takes everybody of the account. */
  keyId: string | undefined;
  /** The service in whose call the key is used, such as `secretsmanager`. */
  service: string;
  region: string;
  /** What the service binds the ciphertext to. */
  encryptionContext: Readonly<Record<string, string>>;
}

/**
 * A service uses a key in its caller's name, who has to be allowed that. The key's own policy is KMS's usual one, by
 * which the account's IAM decides.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
 * @throws a `ServiceError` in the service's words, when the caller may not.
 */
export function useKey(cloud: HasStore & HasAccountId, caller: Caller, use: Use): void {
  const { action, keyId, service, region, encryptionContext } = use;
  if (keyId === undefined || keyId === "alias/aws/secretsmanager" || caller.roleArn === undefined) return;
  const arn = keyId.startsWith("arn:") ? keyId : toArn("kms", region, cloud.accountId, `key/${keyId}`);
  const context = {
    "kms:ViaService": `${service}.${region}.amazonaws.com`,
    "kms:CallerAccount": caller.account,
    ...Object.fromEntries(
      Object.entries(encryptionContext).map(([key, value]) => [`kms:EncryptionContext:${key}`, value]),
    ),
  };
  if (isAllowed(cloud, caller.roleArn, action, arn, context)) return;
  throw new ServiceError("AccessDeniedException", "Access to KMS is not allowed");
}
