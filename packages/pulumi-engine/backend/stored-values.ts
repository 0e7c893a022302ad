import type { PropertyMap, PropertyValue } from "../contracts/contracts.ts";
import { SIGNATURE, SIGNATURES, UNKNOWN, isSecret, isUnknown, kindOf, secret } from "../values/properties.ts";

/**
 * Property values as a checkpoint stores them. They differ from those in memory in two places: a secret holds a
 * ciphertext of its value's JSON instead of the value, and an output is only its value.
 */
export type StoredValue = PropertyValue;

/** Encrypts the JSON text of the value at a place, such as `inputs.password`. */
export type Encrypt = (plaintext: string, place: string) => StoredValue;
/** Gives back the JSON text that a stored secret holds. */
export type Decrypt = (secret: { ciphertext?: unknown; plaintext?: unknown }, place: string) => string;

export function storeSecret(content: { ciphertext: string } | { plaintext: string }): StoredValue {
  return { [SIGNATURE]: SIGNATURES.secret, ...content };
}

export function toStored(value: PropertyValue, encrypt: Encrypt, place: string): StoredValue {
  // Pulumi's state knows one unknown value, the wire one for each type.
  if (isUnknown(value)) return UNKNOWN;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((element, index) => toStored(element, encrypt, `${place}[${index}]`));
  const kind = kindOf(value);
  if (kind === "secret") return encrypt(JSON.stringify(toStored(value["value"] ?? null, keepPlain, place)), place);
  if (kind === "output") return storeOutput(value, encrypt, place);
  return storeMap(value, encrypt, place);
}

export function storeMap(map: PropertyMap, encrypt: Encrypt, place: string): PropertyMap {
  const stored: PropertyMap = {};
  // Pulumi writes keys sorted; the same state is the same bytes.
  for (const key of Object.keys(map).sort()) stored[key] = toStored(map[key] ?? null, encrypt, `${place}.${key}`);
  return stored;
}

function storeOutput(output: PropertyMap, encrypt: Encrypt, place: string): StoredValue {
  const value = output["value"] ?? UNKNOWN;
  return toStored(output["secret"] === true ? secret(value) : value, encrypt, place);
}

/** What is inside of a secret is encrypted with it. */
const keepPlain: Encrypt = (plaintext) => JSON.parse(plaintext) as StoredValue;

/** A secret within a secret is not encrypted twice: its ciphertext is the text itself. */
const readPlain: Decrypt = ({ ciphertext, plaintext }) => String(plaintext ?? ciphertext);

export function fromStored(stored: StoredValue, decrypt: Decrypt, place: string): PropertyValue {
  if (stored === null || typeof stored !== "object") return stored;
  if (Array.isArray(stored)) return stored.map((element, index) => fromStored(element, decrypt, `${place}[${index}]`));
  if (isSecret(stored)) {
    const inner = JSON.parse(decrypt(stored, place)) as StoredValue;
    return secret(fromStored(inner, readPlain, place));
  }
  return loadMap(stored, decrypt, place);
}

export function loadMap(stored: PropertyMap, decrypt: Decrypt, place: string): PropertyMap {
  return Object.fromEntries(
    Object.entries(stored).map(([key, value]) => [key, fromStored(value, decrypt, `${place}.${key}`)]),
  );
}
