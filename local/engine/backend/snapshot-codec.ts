import { createHash } from "node:crypto";
import type { ResourceState, Snapshot } from "../core/contracts.ts";
import { containsSecrets } from "../core/properties.ts";
import { engineVersion } from "../version.ts";
import { type StoredDeployment, type StoredResource, type VersionedDeployment, featureTests } from "./checkpoint.ts";
import type { Ciphertexts } from "./ciphertexts.ts";
import { type StackReference, qualifiedName } from "./stack-reference.ts";
import { fromStored, loadMap, storeMap, toStored } from "./stored-values.ts";

/** The snapshot that a checkpoint holds, its secrets in the clear. */
export async function fromDeployment(
  deployment: StoredDeployment | undefined,
  ciphertexts: Ciphertexts,
): Promise<Snapshot> {
  const resources = deployment?.resources ?? [];
  const operations = deployment?.pending_operations ?? [];
  if ([...resources, ...operations.map(({ resource }) => resource)].some(resourceHoldsSecret)) {
    await ciphertexts.unlock();
  }
  return {
    resources: resources.map((resource) => loadResource(resource, ciphertexts)),
    pendingOperations: operations.map(({ type, resource }) => ({
      type,
      resource: loadResource(resource, ciphertexts),
    })),
  };
}

function resourceHoldsSecret({ inputs, outputs, replacementTrigger }: ResourceState): boolean {
  return containsSecrets(inputs) || containsSecrets(outputs) || containsSecrets(replacementTrigger);
}

function loadResource(stored: StoredResource, ciphertexts: Ciphertexts): ResourceState {
  const decrypt = ciphertexts.decryptFor(stored);
  const { inputs, outputs, replacementTrigger } = stored;
  return {
    ...stored,
    ...(inputs && { inputs: loadMap(inputs, decrypt, "inputs") }),
    ...(outputs && { outputs: loadMap(outputs, decrypt, "outputs") }),
    ...(replacementTrigger !== undefined && {
      replacementTrigger: fromStored(replacementTrigger, decrypt, "replacementTrigger"),
    }),
  };
}

/** Turns snapshots into the text of a checkpoint file. A resource that stands in the last one is not written anew. */
export function createSnapshotWriter(stack: StackReference, ciphertexts: Ciphertexts) {
  const texts = new WeakMap<ResourceState, string>();
  const textOf = (resource: ResourceState): string => {
    const known = texts.get(resource);
    if (known !== undefined) return known;
    const text = JSON.stringify(storeResource(resource, ciphertexts));
    texts.set(resource, text);
    return text;
  };
  const provider = JSON.stringify(providerOf(ciphertexts.salt));

  return async (snapshot: Snapshot): Promise<string> => {
    const touched = [...snapshot.resources, ...snapshot.pendingOperations.map(({ resource }) => resource)];
    if (touched.some((resource) => !texts.has(resource) && resourceHoldsSecret(resource))) await ciphertexts.unlock();
    const resources = snapshot.resources.map(textOf);
    const operations = snapshot.pendingOperations.map(
      ({ type, resource }) => `{"resource":${textOf(resource)},"type":${JSON.stringify(type)}}`,
    );
    const latest = [
      `"manifest":${JSON.stringify(createManifest())}`,
      `"secrets_providers":${provider}`,
      ...(resources.length > 0 ? [`"resources":[${resources.join(",\n")}]`] : []),
      ...(operations.length > 0 ? [`"pending_operations":[${operations.join(",\n")}]`] : []),
      `"metadata":{}`,
    ].join(",");
    const { version, features } = schemaOf(snapshot);
    const head = `"version":${version}${features.length > 0 ? `,"features":${JSON.stringify(features)}` : ""}`;
    return `{${head},"checkpoint":{"stack":${JSON.stringify(qualifiedName(stack))},"latest":{${latest}}}}\n`;
  };
}

/** The text of a checkpoint file around a deployment that is in its stored form already. */
export function checkpointText(stack: StackReference, { version, features, deployment }: VersionedDeployment): string {
  const checkpoint = { stack: qualifiedName(stack), ...(deployment && { latest: deployment }) };
  return `${JSON.stringify({ version, ...(features && { features }), checkpoint })}\n`;
}

/** What a stack that was never deployed holds. */
export function emptyDeployment(salt: string): VersionedDeployment {
  return {
    version: 3,
    deployment: { manifest: createManifest(), secrets_providers: providerOf(salt), metadata: {} },
  };
}

function providerOf(salt: string) {
  return { type: "passphrase", state: { salt } };
}

function createManifest(): StoredDeployment["manifest"] {
  return { time: new Date().toISOString(), magic: magicOf(engineVersion), version: engineVersion };
}

/** Ties a manifest to its version, so that Pulumi sees a manifest edited by hand. */
export function magicOf(version: string): string {
  return version === "" ? "" : createHash("sha256").update(version).digest("hex");
}

function schemaOf({ resources }: Snapshot): { version: number; features: string[] } {
  const features = Object.entries(featureTests)
    .filter(([, needs]) => resources.some(needs))
    .map(([feature]) => feature);
  return { version: features.length > 0 ? 4 : 3, features };
}

/** Pulumi's order of fields; `custom` is written even when false, of the others only what says something. */
const fields = [
  "urn",
  "custom",
  "delete",
  "id",
  "type",
  "inputs",
  "outputs",
  "parent",
  "protect",
  "taint",
  "external",
  "dependencies",
  "initErrors",
  "provider",
  "propertyDependencies",
  "pendingReplacement",
  "additionalSecretOutputs",
  "aliases",
  "customTimeouts",
  "importID",
  "retainOnDelete",
  "deletedWith",
  "replaceWith",
  "created",
  "modified",
  "sourcePosition",
  "stackTrace",
  "ignoreChanges",
  "replaceOnChanges",
  "replacementTrigger",
  "refreshBeforeUpdate",
  "resourceHooks",
] as const satisfies (keyof ResourceState)[];

function storeResource(resource: ResourceState, ciphertexts: Ciphertexts): Record<string, unknown> {
  const encrypt = ciphertexts.encryptFor(resource);
  const { inputs, outputs, replacementTrigger } = resource;
  const values: Record<string, unknown> = {
    ...resource,
    inputs: inputs && storeMap(inputs, encrypt, "inputs"),
    outputs: outputs && storeMap(outputs, encrypt, "outputs"),
    replacementTrigger: replacementTrigger && toStored(replacementTrigger, encrypt, "replacementTrigger"),
  };
  // What a newer Pulumi wrote and we do not know comes after what we know.
  const names = new Set<string>([...fields, ...Object.keys(resource)]);
  const stored: Record<string, unknown> = {};
  for (const name of names) {
    if (name === "custom" || !isEmpty(values[name])) stored[name] = values[name];
  }
  return stored;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
