import { createCipheriv, pbkdf2Sync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSecretsManager, openSecretsManager } from "../../secrets/passphrase.ts";
import { createTempFolder } from "../support.ts";

const env = { PULUMI_CONFIG_PASSPHRASE: "correct horse" };

/** Pulumi's scheme, written down once more with fixed salt and nonce. */
function encryptByHand(passphrase: string, salt: Buffer, text: string): string {
  const nonce = Buffer.alloc(12, 7);
  const gcm = createCipheriv("aes-256-gcm", pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256"), nonce);
  const sealed = Buffer.concat([gcm.update(text), gcm.final(), gcm.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

describe("the passphrase secrets manager", () => {
  it("decrypts what the scheme encrypted", async () => {
    const salt = Buffer.from("12345678");
    const stored = `v1:${salt.toString("base64")}:${encryptByHand("correct horse", salt, "pulumi")}`;

    const cipher = await openSecretsManager(stored, env).unlock();

    expect(cipher.decrypt(encryptByHand("correct horse", salt, "線上 secret"))).toBe("線上 secret");
  });

  it("makes a salt with which it can be opened again", async () => {
    const made = await createSecretsManager(env);
    const ciphertext = (await made.unlock()).encrypt("hunter2");

    const cipher = await openSecretsManager(made.salt, env).unlock();

    expect(made.salt).toMatch(/^v1:[^:]{12}:v1:[^:]{16}:[^:]+$/);
    expect(ciphertext).toMatch(/^v1:[^:]{16}:[^:]+$/);
    expect(cipher.decrypt(ciphertext)).toBe("hunter2");
  });

  it("encrypts the same text to another ciphertext each time", async () => {
    const cipher = await (await createSecretsManager(env)).unlock();

    expect(cipher.encrypt("same")).not.toBe(cipher.encrypt("same"));
  });

  it("refuses another passphrase", async () => {
    const { salt } = await createSecretsManager(env);

    await expect(openSecretsManager(salt, { PULUMI_CONFIG_PASSPHRASE: "wrong" }).unlock()).rejects.toThrow(
      "incorrect passphrase",
    );
  });

  it("says how to give a passphrase where there is none", async () => {
    const { salt } = await createSecretsManager(env);

    await expect(openSecretsManager(salt, {}).unlock()).rejects.toThrow("PULUMI_CONFIG_PASSPHRASE_FILE");
  });

  it("takes an empty passphrase for one", async () => {
    const { salt } = await createSecretsManager({ PULUMI_CONFIG_PASSPHRASE: "" });

    await expect(openSecretsManager(salt, { PULUMI_CONFIG_PASSPHRASE: "" }).unlock()).resolves.toBeDefined();
  });

  it("reads the passphrase from a file, without the blanks around it", async () => {
    await using folder = await createTempFolder();
    const file = join(folder.path, "passphrase");
    await writeFile(file, "correct horse\n");
    const { salt } = await createSecretsManager(env);

    await expect(openSecretsManager(salt, { PULUMI_CONFIG_PASSPHRASE_FILE: file }).unlock()).resolves.toBeDefined();
  });

  it.each([
    [
      "a changed ciphertext",
      (text: string) => `${text.slice(0, -6)}${text.at(-6) === "A" ? "B" : "A"}${text.slice(-5)}`,
    ],
    ["a version that it does not know", (text: string) => text.replace("v1:", "v2:")],
    ["a text that is none", () => "plain"],
  ])("does not decrypt %s", async (_case, spoil) => {
    const cipher = await (await createSecretsManager(env)).unlock();

    expect(() => cipher.decrypt(spoil(cipher.encrypt("hunter2 and more")))).toThrow("A ciphertext");
  });

  it("does not open a salt that was cut short", async () => {
    await expect(openSecretsManager("v1:abc", env).unlock()).rejects.toThrow("encryptionsalt");
  });
});
