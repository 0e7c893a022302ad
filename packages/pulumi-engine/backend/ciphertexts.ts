import { createHash } from "node:crypto";
import { canonicalJson } from "@pulumi-line-bot/kit/json";
import type { ResourceState } from "../contracts/contracts.ts";
import type { Cipher, SecretsManager } from "../secrets/passphrase.ts";
import { type Decrypt, type Encrypt, storeSecret } from "./stored-values.ts";

/**
 * Encrypts and decrypts the secrets of a stack's resources. A value that did not change keeps its ciphertext, so
 * that an update which changes nothing leaves the file as it was.
 */
export interface Ciphertexts {
  /** The `encryptionsalt` that the ciphertexts belong to. */
  readonly salt: string;
  /** Has to come before the first secret is encrypted or decrypted. */
  unlock(): Promise<void>;
  decryptFor(resource: ResourceState): Decrypt;
  encryptFor(resource: ResourceState): Encrypt;
}

export function createCiphertexts(secrets: SecretsManager): Ciphertexts {
  let cipher: Cipher | undefined;
  const unlocked = (): Cipher => {
    if (cipher === undefined) throw new Error("A secret is touched before its key is there");
    return cipher;
  };
  // They are kept by place and not by value: equal ciphertexts would tell which secrets are equal.
  const known = new Map<string, { digest: string; ciphertext: string }>();
  const placeOf = ({ urn, id }: ResourceState, place: string) => `${urn}\n${id ?? ""}\n${place}`;

  return {
    salt: secrets.salt,
    async unlock() {
      cipher = await secrets.unlock();
    },
    decryptFor: (resource) => (secret, place) => {
      // `stack export --show-secrets` writes plaintexts, and `stack import` takes them.
      if (typeof secret.plaintext === "string") return secret.plaintext;
      const ciphertext = String(secret.ciphertext);
      const plaintext = unlocked().decrypt(ciphertext);
      // Pulumi escapes and sorts JSON in its own way; compare what we would write.
      known.set(placeOf(resource, place), { digest: digest(normalize(plaintext)), ciphertext });
      return plaintext;
    },
    encryptFor: (resource) => (plaintext, place) => {
      const key = placeOf(resource, place);
      const before = known.get(key);
      const now = digest(plaintext);
      if (before?.digest === now) return storeSecret({ ciphertext: before.ciphertext });
      const ciphertext = unlocked().encrypt(plaintext);
      known.set(key, { digest: now, ciphertext });
      return storeSecret({ ciphertext });
    },
  };
}

function digest(plaintext: string): string {
  return createHash("sha256").update(plaintext).digest("base64");
}

const normalize = (json: string): string => canonicalJson(JSON.parse(json));
