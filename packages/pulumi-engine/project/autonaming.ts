import { createHash, randomBytes } from "node:crypto";
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { Autonamer } from "../contracts/contracts.ts";
import { parseUrn } from "../values/urn.ts";

const naming = {
  mode: v.optional(v.picklist(["default", "verbatim", "disabled"])),
  pattern: v.optional(v.string()),
  enforce: v.optional(v.boolean()),
};
const section = v.strictObject({
  ...naming,
  providers: v.optional(
    v.record(
      v.string(),
      v.strictObject({ ...naming, resources: v.optional(v.record(v.string(), v.strictObject(naming))) }),
    ),
    {},
  ),
});
type Naming = v.InferOutput<v.ObjectSchema<typeof naming, undefined>>;

export interface NamingPlace {
  organization: string;
  project: string;
  stack: string;
  /** Decrypted. */
  config: Readonly<Record<string, string>>;
}

/**
 * How `pulumi:autonaming` has resources named that the program gives no name; `undefined` if each provider decides.
 * @see https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming-configuration
 * @throws {UserError} for a setting that Pulumi would not take.
 */
export function tryFindAutonamer(place: NamingPlace): Autonamer | undefined {
  const text = place.config["pulumi:autonaming"];
  if (text === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), section), text);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UserError(`pulumi:autonaming in stack ${place.stack}: ${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
  }
  const { providers, ...root } = parsed.output;
  return (urn, seed) => {
    const { type, name } = parseUrn(urn);
    const provider = providers[type.split(":")[0] ?? ""];
    const chosen = provider?.resources?.[type] ?? (provider && isSaid(provider) ? provider : root);
    return propose(chosen, { ...place, name }, seed);
  };
}

const isSaid = ({ mode, pattern }: Naming): boolean => mode !== undefined || pattern !== undefined;

function propose(
  { mode, pattern, enforce }: Naming,
  of: NamingPlace & { name: string },
  seed: Uint8Array,
): ReturnType<Autonamer> {
  if (pattern !== undefined) {
    const { text, isRandom } = fill(pattern, of, seed);
    return { mode: enforce === true ? "enforce" : "propose", proposedName: text, isUnique: isRandom };
  }
  if (mode === "verbatim") return { mode: "enforce", proposedName: of.name, isUnique: false };
  return mode === "disabled" ? { mode: "disable", proposedName: "", isUnique: true } : undefined;
}

const alphabets = {
  hex: "0123456789abcdef",
  alphanum: "abcdefghijklmnopqrstuvwxyz0123456789",
  string: "abcdefghijklmnopqrstuvwxyz",
  num: "0123456789",
};

/** The same for the same seed, so that a preview and its update agree. */
function fill(pattern: string, of: NamingPlace & { name: string }, seed: Uint8Array) {
  let isRandom = false;
  const random = createRandom(seed);
  const pick = (alphabet: string, length: number): string => {
    isRandom = true;
    return Array.from({ length }, () => alphabet[random() % alphabet.length]).join("");
  };
  const text = pattern
    .replaceAll(
      /\$\{(organization|project|stack|name)\}/g,
      (_, key: "organization" | "project" | "stack" | "name") => of[key],
    )
    .replaceAll(/\$\{config\.([^}]+)\}/g, (_, key: string) => readSetting(of, key))
    .replaceAll(/\$\{(hex|alphanum|string|num)\((\d+)\)\}/g, (_, kind: keyof typeof alphabets, length: string) =>
      pick(alphabets[kind], Number(length)),
    )
    .replaceAll("${uuid}", () => [8, 4, 4, 4, 12].map((length) => pick(alphabets.hex, length)).join("-"));
  return { text, isRandom };
}

function readSetting({ project, stack, config }: NamingPlace, key: string): string {
  const value = config[`${project}:${key}`];
  if (value !== undefined) return value;
  throw new UserError(
    `pulumi:autonaming names \${config.${key}}, which stack ${stack} does not have; set it with \`pulumi config set ${key} <value> -s ${stack}\``,
  );
}

/** Numbers that a seed decides; any without one. */
function createRandom(seed: Uint8Array): () => number {
  const start = seed.length > 0 ? seed : randomBytes(32);
  let block = 0;
  let left: number[] = [];
  return () => {
    if (left.length === 0) left = [...createHash("sha256").update(start).update(String(block++)).digest()];
    return left.pop() ?? 0;
  };
}
