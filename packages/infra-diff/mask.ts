/** Takes secrets out of whatever is shown, in whichever encoding they have got there. */
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import { secretText } from "./model.ts";

/** What is shorter turns up by chance. */
const shortest = 6;

/** What looks like a credential is one, also where nobody marked it. */
const shapes: RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bgh[pousr]_[A-Za-z0-9]{36,}\b/g,
  /\bgithub_pat_\w{40,}\b/g,
  /\bpul-[0-9a-f]{40}\b/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}\b/g,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g,
  // LINE's long-lived channel access token: 172 characters of base64.
  /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{170}[A-Za-z0-9+/=]=(?![A-Za-z0-9+/=])/g,
  // Pulumi's ciphertexts guard a secret, but say nothing to a reader.
  /\bv1:[A-Za-z0-9+/=]{12,}:[A-Za-z0-9+/=]{16,}/g,
];

export type Mask = (text: string) => string;

export function createMask(secrets: Iterable<string>): Mask {
  const forms = [...new Set([...secrets].flatMap(piecesOf).flatMap(formsOf))]
    .filter((form) => form.length >= shortest)
    .toSorted((one, other) => other.length - one.length);
  const known = forms.length === 0 ? undefined : new RegExp(forms.map(escaped).join("|"), "gi");
  return (text) => {
    const masked = known === undefined ? text : text.replaceAll(known, secretText);
    return shapes.reduce((shown, shape) => shown.replaceAll(shape, secretText), masked);
  };
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);

/** The secret, the texts in it where it is JSON, and its lines. */
function piecesOf(secret: string): string[] {
  const pieces = [secret, secret.trim(), ...leavesOf(secret)];
  return [...new Set(pieces.flatMap((piece) => [piece, ...linesOf(piece)]))].filter(
    (piece) => piece.length >= shortest,
  );
}

const linesOf = (text: string): string[] => (text.includes("\n") ? text.split(/\r?\n/).map((line) => line.trim()) : []);

function leavesOf(text: string): string[] {
  const collect = (value: unknown): string[] => {
    if (typeof value === "string") return [value, ...leavesOf(value)];
    if (typeof value === "number") return [String(value)];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(collect) : [];
  };
  if (!/^\s*[[{"]/.test(text)) return [];
  // Text that is no JSON was taken as a whole.
  return collect(tryParseJson(text));
}

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const json = JSON.stringify(text).slice(1, -1);
  const base64 = [0, 1, 2].map((offset) => alignedBase64(bytes, offset));
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    new URLSearchParams({ v: text }).toString().slice(2),
    bytes.toString("hex"),
    ...base64,
    ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
  ];
}

/** Base64 of the bytes as it is at this place of a longer text: the characters that no neighbour has a share in. */
function alignedBase64(bytes: Buffer, offset: number): string {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + bytes.length) * 8) / 6);
  return whole.slice(first, last);
}
