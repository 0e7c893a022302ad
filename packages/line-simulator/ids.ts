import { createHash, randomBytes } from "node:crypto";
import type { Person, State } from "./state.ts";

const hex32 = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 32);

/** Each provider knows a person by another id, and every channel of one provider by the same. */
export const toUserId = (person: Pick<Person, "id">, providerId: string): string =>
  `U${hex32(`${providerId}/${person.id}`)}`;

export const isUserId = (id: string): boolean => /^U[0-9a-f]{32}$/.test(id);
export const isGroupId = (id: string): boolean => /^C[0-9a-f]{32}$/.test(id);
export const isRoomId = (id: string): boolean => /^R[0-9a-f]{32}$/.test(id);

/** `letter` and 32 hexadecimal digits, always the same for the same `seed`. */
export const toId = (letter: "U" | "C" | "R", seed: string): string => letter + hex32(seed);

export const randomId = (letter: "U" | "C" | "R"): string => letter + randomBytes(16).toString("hex");

/** Digits, growing, of the length that LINE's have today. */
export const nextMessageId = (state: State): string => String(500_000_000_000_000_000n + BigInt(++state.serial));

/** Opaque: reply, quote, read and access tokens, sharing no form that code could depend on. */
export const randomToken = (bytes = 24): string => randomBytes(bytes).toString("base64url");
