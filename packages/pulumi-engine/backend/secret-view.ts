import type { PropertyMap, PropertyValue } from "../contracts/contracts.ts";
import { containsSecrets, isSecret, mapProperties } from "../values/properties.ts";
import { ROOT_STACK_TYPE } from "../values/urn.ts";
import { type Cipher, openSecretsManager } from "../secrets/passphrase.ts";
import type { StoredDeployment, StoredResource, VersionedDeployment } from "./checkpoint.ts";
import { storeSecret } from "./stored-values.ts";

type Environment = Record<string, string | undefined>;

/** The outputs of a stored stack; without `reveal`, no passphrase is needed and a secret is `[secret]`. */
export async function readOutputs(
  deployment: StoredDeployment | undefined,
  reveal: boolean,
  env: Environment,
): Promise<PropertyMap> {
  const root = deployment?.resources?.find(({ type, parent }) => type === ROOT_STACK_TYPE && !parent);
  const outputs = root?.outputs ?? {};
  const cipher = reveal && deployment ? await lazyCipher(deployment, [outputs], env) : undefined;
  return mapSecrets(outputs, (secret) =>
    reveal ? (JSON.parse(plaintextOf(secret, cipher)) as PropertyValue) : "[secret]",
  );
}

/** A deployment with its secrets in the clear, as `stack export --show-secrets` prints it. */
export async function revealSecrets(stored: VersionedDeployment, env: Environment): Promise<VersionedDeployment> {
  const { deployment } = stored;
  if (!deployment) return stored;
  const { resources = [], pending_operations: operations = [] } = deployment;
  const all = [...(resources ?? []), ...(operations ?? []).map(({ resource }) => resource)];
  const cipher = await lazyCipher(
    deployment,
    all.flatMap(({ inputs, outputs }) => [inputs ?? {}, outputs ?? {}]),
    env,
  );
  const reveal = (resource: StoredResource): StoredResource => ({
    ...resource,
    ...(resource.inputs && { inputs: revealed(resource.inputs) }),
    ...(resource.outputs && { outputs: revealed(resource.outputs) }),
  });
  const revealed = (map: PropertyMap) =>
    mapSecrets(map, (secret) => storeSecret({ plaintext: plaintextOf(secret, cipher) }));
  return {
    ...stored,
    deployment: {
      ...deployment,
      ...(resources && { resources: resources.map(reveal) }),
      ...(operations?.length && {
        pending_operations: operations.map((operation) => ({ ...operation, resource: reveal(operation.resource) })),
      }),
    },
  };
}

function mapSecrets(map: PropertyMap, replace: (secret: PropertyMap) => PropertyValue): PropertyMap {
  return mapProperties(map, (value) => (isSecret(value) ? replace(value) : value));
}

function plaintextOf({ plaintext, ciphertext }: PropertyMap, cipher: Cipher | undefined): string {
  if (typeof plaintext === "string") return plaintext;
  if (!cipher || typeof ciphertext !== "string") throw new Error("A secret has neither a text nor a key to it");
  return cipher.decrypt(ciphertext);
}

/** Undefined where nothing is secret. */
async function lazyCipher(
  deployment: StoredDeployment,
  maps: PropertyMap[],
  env: Environment,
): Promise<Cipher | undefined> {
  const salt = deployment.secrets_providers?.state?.salt;
  return salt !== undefined && maps.some(containsSecrets) ? openSecretsManager(salt, env).unlock() : undefined;
}
