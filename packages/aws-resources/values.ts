import { isObject } from "@pulumi-line-bot/kit/json";

/** What stands for a value that is not known before it is made. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** The key by which an object on the wire says what it stands for. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** An archive on the wire: where it is, and the SHA-256 of its content (of the file itself for a zip). */
export interface Archive {
  [SIGNATURE]: typeof ARCHIVE;
  hash?: string;
  path?: string;
  uri?: string;
  assets?: Record<string, unknown>;
}

export function isArchive(value: unknown): value is Archive {
  return isObject(value) && value[SIGNATURE] === ARCHIVE;
}

export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  return isObject(value) && Object.values(value).some(containsUnknown);
}
