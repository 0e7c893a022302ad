/**
 * Property values in Pulumi's wire form: JSON in which an object under the signature key stands for a special value.
 * https://www.pulumi.com/docs/iac/using-pulumi/extending-pulumi/  ·  proto/pulumi/provider.proto
 */
import type { PropertyMap, PropertyValue, Urn } from "../contracts/contracts.ts";

export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SIGNATURES = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  resource: "5cf8f73096256a8f31e491e813e4eb8e",
} as const;
export type SpecialKind = keyof typeof SIGNATURES;

const kindOfSignature = new Map<unknown, SpecialKind>(
  Object.entries(SIGNATURES).map(([kind, signature]) => [signature, kind as SpecialKind]),
);

/** The value that stands for "not known yet". Pulumi has one for each type; all mean the same to an engine. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWNS: ReadonlySet<unknown> = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export const isUnknown = (value: PropertyValue | undefined): boolean => UNKNOWNS.has(value);

type PropertyObject = { [key: string]: PropertyValue };

export function isObject(value: PropertyValue | undefined): value is PropertyObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function kindOf(value: PropertyValue | undefined): SpecialKind | undefined {
  return isObject(value) ? kindOfSignature.get(value[SIGNATURE]) : undefined;
}

/** A plain object: neither a list nor a special value. */
export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return isObject(value) && kindOf(value) === undefined;
}

export function isSecret(value: PropertyValue | undefined): value is PropertyObject {
  return kindOf(value) === "secret";
}

export function secret(value: PropertyValue): PropertyValue {
  return isSecret(value) ? value : { [SIGNATURE]: SIGNATURES.secret, value };
}

/** What a secret or a chain of secrets holds; anything else as it is. */
export function unwrapSecret(value: PropertyValue): PropertyValue {
  return isSecret(value) ? unwrapSecret(value["value"] ?? null) : value;
}

/** Rebuilds a value from the inside out; what `visit` does not change keeps its identity. */
function mapValue(value: PropertyValue, visit: (value: PropertyValue) => PropertyValue): PropertyValue {
  if (Array.isArray(value)) {
    const mapped = value.map((item) => mapValue(item, visit));
    return visit(mapped.some((item, i) => item !== value[i]) ? mapped : value);
  }
  return visit(isObject(value) ? mapProperties(value, visit) : value);
}

export function mapProperties(map: PropertyMap, visit: (value: PropertyValue) => PropertyValue): PropertyMap {
  let changed: PropertyMap | undefined;
  for (const [key, value] of Object.entries(map)) {
    const mapped = mapValue(value, visit);
    if (mapped !== value) (changed ??= { ...map })[key] = mapped;
  }
  return changed ?? map;
}

export function someValue(value: PropertyValue | undefined, test: (value: PropertyValue) => boolean): boolean {
  if (value === undefined) return false;
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((item) => someValue(item, test));
  return isObject(value) && Object.values(value).some((item) => someValue(item, test));
}

export const containsUnknowns = (value: PropertyValue | undefined): boolean =>
  someValue(
    value,
    (inner) => isUnknown(inner) || (kindOf(inner) === "output" && !Object.hasOwn(inner as object, "value")),
  );
export const containsSecrets = (value: PropertyValue | undefined): boolean =>
  someValue(
    value,
    (inner) => isSecret(inner) || (isObject(inner) && kindOf(inner) === "output" && inner["secret"] === true),
  );

/** Output values become unknowns, secrets or plain values: what they depended on is gone. */
export function withoutOutputs(map: PropertyMap): PropertyMap {
  return mapProperties(map, (value) => {
    if (!isObject(value) || kindOf(value) !== "output") return value;
    const inner = value["value"] ?? (Object.hasOwn(value, "value") ? null : UNKNOWN);
    return value["secret"] === true ? secret(inner) : inner;
  });
}

/** The resources that output values in here depend on. */
export function outputDependencies(value: PropertyValue): Set<Urn> {
  const found = new Set<Urn>();
  someValue(value, (inner) => {
    if (isObject(inner) && kindOf(inner) === "output" && Array.isArray(inner["dependencies"]))
      for (const urn of inner["dependencies"]) if (typeof urn === "string") found.add(urn);
    return false;
  });
  return found;
}

/** A value without the marks that do not change what it is: secrets and outputs unwrapped. */
export function withoutMarks(map: PropertyMap): PropertyMap {
  return mapProperties(withoutOutputs(map), (value) => (isSecret(value) ? (value["value"] ?? null) : value));
}

/**
 * Marks outputs as secret where the input of the same name is, for a provider that is not told about secrets.
 * Objects are followed inside; a list with one secret in it becomes secret as a whole.
 */
export function markSecretsLike(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  const marked = { ...outputs };
  for (const [key, input] of Object.entries(inputs)) {
    const output = marked[key];
    if (output === undefined) continue;
    if (isMap(output) && isMap(input)) marked[key] = markSecretsLike(output, input);
    else if (!isSecret(output) && containsSecrets(input)) marked[key] = secret(output);
  }
  return marked;
}

/** Pulumi's equality: an absent property is a null one; assets are equal by content. */
export function equal(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isObject(a) || !isObject(b)) return isUnknown(a) && isUnknown(b);
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  if ((kind === "asset" || kind === "archive") && (a["hash"] || b["hash"])) return a["hash"] === b["hash"];
  if (kind === "resource") return a["urn"] === b["urn"] && equal(a["id"], b["id"]);
  return (
    Object.entries(a).every(([key, value]) => equal(value, b[key])) &&
    Object.entries(b).every(([key, value]) => Object.hasOwn(a, key) || value === null)
  );
}
