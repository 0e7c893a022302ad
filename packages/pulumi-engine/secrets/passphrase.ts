import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/**
 * Pulumi's passphrase scheme. A key is derived from the passphrase and a salt; a text becomes
 * `v1:<nonce>:<ciphertext and tag>`, both in base64. What a stack stores of it, its `encryptionsalt`, is
 * `v1:<salt>:<the word "pulumi", encrypted>`: the word tells a wrong passphrase from a right one.
 */
export interface SecretsManager {
  /** The stack's `encryptionsalt`. */
  readonly salt: string;
  /**
   * Derives the key, which takes a tenth of a second: call it only where a secret is touched.
   * @throws {UserError} when the passphrase is missing or wrong.
   */
  unlock(): Promise<Cipher>;
}

export interface Cipher {
  readonly encrypt: (text: string) => string;
  /** @throws {DecryptionFailed} */
  readonly decrypt: (ciphertext: string) => string;
}

/** The ciphertext is damaged, or was made with another key. */
export class DecryptionFailed extends Error {
  override readonly name = "DecryptionFailed";
}

type Environment = Record<string, string | undefined>;

const rounds = 1_000_000;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const verificationWord = "pulumi";
const derive = promisify(pbkdf2);

export function openSecretsManager(salt: string, env: Environment): SecretsManager {
  let unlocked: Promise<Cipher> | undefined;
  return {
    salt,
    unlock: () => (unlocked ??= unlock(salt, env)),
  };
}

/** A manager with a new salt. */
export async function createSecretsManager(env: Environment): Promise<SecretsManager> {
  const saltBytes = randomBytes(8);
  const cipher = createCipher(await derive(await readPassphrase(env), saltBytes, rounds, keyBytes, "sha256"));
  const salt = `v1:${saltBytes.toString("base64")}:${cipher.encrypt(verificationWord)}`;
  return { salt, unlock: () => Promise.resolve(cipher) };
}

async function unlock(salt: string, env: Environment): Promise<Cipher> {
  const { saltBytes, verification } = parseSalt(salt);
  const cipher = createCipher(await derive(await readPassphrase(env), saltBytes, rounds, keyBytes, "sha256"));
  if (tryDecrypt(cipher, verification) !== verificationWord) {
    throw new UserError(
      "incorrect passphrase: set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to a file, to the one that this stack was made with",
    );
  }
  return cipher;
}

function parseSalt(salt: string): { saltBytes: Buffer; verification: string } {
  const [, saltText, verification] = /^v1:([^:]+):(v1:[^:]+:[^:]+)$/.exec(salt) ?? [];
  if (saltText === undefined || verification === undefined) {
    throw new UserError(
      "the stack's encryptionsalt is not of the form v1:<salt>:v1:<nonce>:<ciphertext>; restore it from version control",
    );
  }
  return { saltBytes: Buffer.from(saltText, "base64"), verification };
}

function tryDecrypt(cipher: Cipher, ciphertext: string): string | undefined {
  try {
    return cipher.decrypt(ciphertext);
  } catch (error) {
    if (error instanceof DecryptionFailed) return undefined;
    throw error;
  }
}

function createCipher(key: Buffer): Cipher {
  return {
    encrypt(text) {
      const nonce = randomBytes(nonceBytes);
      const gcm = createCipheriv("aes-256-gcm", key, nonce);
      const sealed = Buffer.concat([gcm.update(text, "utf8"), gcm.final(), gcm.getAuthTag()]);
      return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
    },
    decrypt(ciphertext) {
      const [version, nonceText, sealedText, ...rest] = ciphertext.split(":");
      const nonce = Buffer.from(nonceText ?? "", "base64");
      const sealed = Buffer.from(sealedText ?? "", "base64");
      if (version !== "v1" || rest.length > 0 || nonce.length !== nonceBytes || sealed.length < tagBytes) {
        throw new DecryptionFailed("A ciphertext is not of the form v1:<nonce>:<ciphertext>");
      }
      const gcm = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
      gcm.setAuthTag(sealed.subarray(-tagBytes));
      try {
        return Buffer.concat([gcm.update(sealed.subarray(0, -tagBytes)), gcm.final()]).toString("utf8");
      } catch (cause) {
        throw new DecryptionFailed("A ciphertext was made with another key", { cause });
      }
    },
  };
}

/** An empty passphrase is a passphrase; only a missing one is an error. */
async function readPassphrase(env: Environment): Promise<string> {
  if (env["PULUMI_CONFIG_PASSPHRASE"] !== undefined) return env["PULUMI_CONFIG_PASSPHRASE"];
  const file = env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  if (!file) {
    throw new UserError(
      "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
    );
  }
  try {
    return (await readFile(resolve(file), "utf8")).trim();
  } catch (cause) {
    throw new UserError(`PULUMI_CONFIG_PASSPHRASE_FILE names ${file}, which cannot be read`, { cause });
  }
}
