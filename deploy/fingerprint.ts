import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { tryGit } from "@pulumi-line-bot/kit/git";
import { canonicalJson, isObject } from "@pulumi-line-bot/kit/json";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { root } from "./local-stack.ts";
import { readStackFile } from "./promotion/pin-file.ts";
import { tryExport } from "./promotion/exported.ts";
import { buildOwnArtifact } from "./promotion/own-artifact.ts";
import type { StackPlace } from "./stack-place.ts";

/** What a deployment is made of. All digests are SHA-256 in hexadecimal. */
export interface Fingerprint {
  program: string;
  configuration: string;
  artifact: string;
  state: string;
}

type Part = keyof Fingerprint;

/** In the order in which they are written, and what each is of, in the words of a message. */
const parts: Readonly<Record<Part, string>> = {
  program: "the program (infra/, functions/, line/, the lock file)",
  configuration: "the stack's file",
  artifact: "the artifact",
  state: "what the stack has deployed (its state)",
};
const partNames = Object.keys(parts) as Part[];

/** What an update of this stack would start from now. */
export async function takeFingerprint(place: StackPlace): Promise<Fingerprint> {
  const [program, configuration, artifact, state] = await Promise.all([
    digestProgram(),
    readStackFile(place.stack),
    buildOwnArtifact(),
    digestState(place),
  ]);
  return { program, configuration: sha256(configuration), artifact: artifact.sha256, state };
}

/**
 * Four whole digests: `program-configuration-artifact-state`. It is what was approved: of a shortened one, somebody
 * could find a second program with the same digits.
 */
export const formatFingerprint = (fingerprint: Fingerprint): string =>
  partNames.map((part) => fingerprint[part]).join("-");

const written = /^[0-9a-f]{64}(-[0-9a-f]{64}){3}$/;

/** @throws {UserError} naming what has moved since a fingerprint was shown. */
export function requireFingerprint(expected: string, now: Fingerprint): void {
  if (!written.test(expected)) {
    throw new UserError(
      `--expect takes a fingerprint as \`npm run preview\` prints it (four times 64 digits), not ${JSON.stringify(expected)}`,
    );
  }
  const digits = expected.split("-");
  const moved = partNames.filter((part, index) => digits[index] !== now[part]);
  if (moved.length === 0) return;
  throw new UserError(
    `Since the plan was reviewed, ${moved.map((part) => parts[part]).join(" and ")} ${moved.length > 1 ? "have" : "has"} changed. ` +
      `Nothing was deployed. The fingerprint was ${expected} and is ${formatFingerprint(now)}: preview again, and review that.`,
  );
}

/** Apart from these, no file decides what the program registers. */
const programFiles = [
  "infra",
  "functions",
  "line",
  "packages/kit",
  "package.json",
  "package-lock.json",
  "Pulumi.yaml",
  "tsconfig.json",
];

/** The digest of the working tree, committed or not: each file's path and bytes. */
async function digestProgram(): Promise<string> {
  const listed = await tryGit(
    root,
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
    "--",
    ...programFiles,
  );
  if (listed === undefined) throw new UserError(`${root} is no clone of a git repository, or git is not installed.`);
  const files = [...new Set(listed.split("\0"))].filter((file) => file !== "").toSorted();
  const rows = await Promise.all(files.map(async (file) => `${file}\0${await digestFile(file)}\n`));
  return sha256(rows.join(""));
}

async function digestFile(file: string): Promise<string> {
  try {
    return sha256(await readFile(path.join(root, file)));
  } catch (error) {
    // A file that git lists may have been deleted since.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "absent";
    throw error;
  }
}

/** No times and no order: two exports of one state are equal. A secret's ciphertext may differ from one to the next. */
async function digestState(place: StackPlace): Promise<string> {
  const resources = (await tryExport(place)) ?? [];
  const rows = resources.map(({ urn, id, protect, delete: isCondemned, inputs, outputs }) =>
    canonicalJson(withoutCiphertexts({ urn, id, protect, delete: isCondemned, inputs, outputs })),
  );
  return sha256(rows.toSorted().join("\n"));
}

/** How Pulumi marks a secret in a state. */
const secretMark = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const [[signature, secret]] = Object.entries(secretMark) as [[string, string]];

/** A secret's ciphertext says nothing of what changed. */
function withoutCiphertexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCiphertexts);
  if (!isObject(value)) return value;
  if (value[signature] === secret) return { secret };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutCiphertexts(member)]));
}

const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
