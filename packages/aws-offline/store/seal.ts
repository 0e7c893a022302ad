import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writeWhole } from "./write-whole.ts";

/** Keeps secret text unreadable in the data folder's files, as AWS encrypts what it stores. */
export interface Seal {
  close(text: string): string;
  open(sealed: string): string;
}

/** AES-256-GCM; the key lies beside the data, so this keeps secrets from eyes and searches, not from a thief. */
export function openSeal(file: string): Seal {
  if (!existsSync(file)) writeWhole(file, randomBytes(32));
  const key = readFileSync(file);
  return {
    close(text) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv);
      const content = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), content]).toString("base64");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
    },
  };
}
