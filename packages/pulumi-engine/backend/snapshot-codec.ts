import { createHash } from "node:crypto";
import type { ResourceState, Snapshot } from "../contracts/contracts.ts";
import { containsSecrets } from "../values/properties.ts";
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

/**
 * Turns snapshots into the bytes of a checkpoint file, which are good until the next call. A resource that stands in
 * the last one is copied, not serialized again: a stack of a thousand is written many times in one update.
 */
export function createSnapshotWriter(stack: StackReference, ciphertexts: Ciphertexts) {
  const known = new WeakMap<ResourceState, Buffer>();
  const page = createPage();
  const provider = JSON.stringify(providerOf(ciphertexts.salt));

  function addResource(resource: ResourceState): void {
    let bytes = known.get(resource);
    if (bytes === undefined) {
      bytes = Buffer.from(JSON.stringify(storeResource(resource, ciphertexts)));
      known.set(resource, bytes);
    }
    page.add(bytes);
  }

  return async (snapshot: Snapshot): Promise<Uint8Array> => {
    const { resources, pendingOperations } = snapshot;
    const touched = [...resources, ...pendingOperations.map(({ resource }) => resource)];
    if (touched.some((resource) => !known.has(resource) && resourceHoldsSecret(resource))) await ciphertexts.unlock();
    const { version, features } = schemaOf(snapshot);
    page.clear();
    page.add(`{"version":${version}`);
    if (features.length > 0) page.add(`,"features":${JSON.stringify(features)}`);
    page.add(`,"checkpoint":{"stack":${JSON.stringify(qualifiedName(stack))},"latest":{`);
    page.add(`"manifest":${JSON.stringify(createManifest())},"secrets_providers":${provider}`);
    for (const [index, resource] of resources.entries()) {
      page.add(index === 0 ? ',"resources":[' : ",\n");
      addResource(resource);
    }
    if (resources.length > 0) page.add("]");
    for (const [index, { type, resource }] of pendingOperations.entries()) {
      page.add(index === 0 ? ',"pending_operations":[{"resource":' : ',\n{"resource":');
      addResource(resource);
      page.add(`,"type":${JSON.stringify(type)}}`);
    }
    if (pendingOperations.length > 0) page.add("]");
    page.add(',"metadata":{}}}}\n');
    return page.bytes();
  };
}

/** Bytes put together in one place that is used again. */
function createPage() {
  let buffer = Buffer.alloc(64 * 1024);
  let length = 0;
  return {
    clear() {
      length = 0;
    },
    add(part: string | Buffer) {
      const size = typeof part === "string" ? Buffer.byteLength(part) : part.length;
      if (length + size > buffer.length) buffer = Buffer.concat([buffer.subarray(0, length)], (length + size) * 2);
      if (typeof part === "string") buffer.write(part, length);
      else part.copy(buffer, length);
      length += size;
    },
    bytes: () => buffer.subarray(0, length),
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
  "hideDiff",
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
  return toStoredFields(values);
}

/** A resource's fields in Pulumi's order, without the empty ones. */
export function toStoredFields(values: Record<string, unknown>): Record<string, unknown> {
  // What a newer Pulumi wrote and we do not know comes after what we know.
  const names = new Set<string>([...fields, ...Object.keys(values)]);
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
