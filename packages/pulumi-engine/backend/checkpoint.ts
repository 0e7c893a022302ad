import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { PropertyMap, ResourceState } from "../contracts/contracts.ts";

/** A resource as it stands in a checkpoint: its secrets are ciphertexts. */
export type StoredResource = ResourceState;

export interface StoredDeployment {
  manifest: { time: string; magic: string; version: string };
  secrets_providers?: { type: string; state?: { salt?: string } };
  resources?: StoredResource[];
  pending_operations?: { resource: StoredResource; type: "creating" | "updating" | "deleting" | "reading" }[];
  metadata?: Record<string, unknown>;
}

/** A deployment with the version of its schema, as `stack export` prints it and `stack import` takes it. */
export interface VersionedDeployment {
  version: number;
  features?: string[];
  deployment?: StoredDeployment;
}

/** Version 4 is version 3 with a list of what a reader must know of; without such features Pulumi writes 3. */
const supportedVersions = [3, 4];

/** Features of version 4, and which resources need them. */
export const featureTests: Record<string, (resource: StoredResource) => boolean> = {
  hooks: ({ resourceHooks }) => Object.keys(resourceHooks ?? {}).length > 0,
  refreshBeforeUpdate: (resource) => resource.refreshBeforeUpdate === true,
  replaceWith: ({ replaceWith }) => (replaceWith ?? []).length > 0,
  taint: (resource) => resource.taint === true,
};

const strings = v.array(v.string());
const properties = v.custom<PropertyMap>((value) => typeof value === "object" && value !== null);

const resourceSchema = v.looseObject({
  urn: v.pipe(v.string(), v.startsWith("urn:pulumi:", "is not a URN")),
  custom: v.optional(v.boolean(), false),
  type: v.pipe(v.string(), v.nonEmpty()),
  delete: v.optional(v.boolean()),
  id: v.optional(v.string()),
  inputs: v.optional(properties),
  outputs: v.optional(properties),
  parent: v.optional(v.string()),
  provider: v.optional(v.string()),
  dependencies: v.optional(v.nullable(strings)),
  propertyDependencies: v.optional(v.record(v.string(), v.nullable(strings))),
});

const deploymentSchema = v.looseObject({
  manifest: v.object({ time: v.string(), magic: v.string(), version: v.string() }),
  secrets_providers: v.optional(
    v.object({ type: v.string(), state: v.optional(v.looseObject({ salt: v.optional(v.string()) })) }),
  ),
  resources: v.optional(v.nullable(v.array(resourceSchema))),
  pending_operations: v.optional(
    v.nullable(
      v.array(
        v.object({
          resource: resourceSchema,
          type: v.picklist(["creating", "updating", "deleting", "reading", "importing"]),
        }),
      ),
    ),
  ),
});

const versioned = {
  version: v.number(),
  features: v.optional(v.nullable(strings)),
};
const checkpointSchema = v.looseObject({
  ...versioned,
  checkpoint: v.looseObject({ latest: v.optional(v.nullable(v.unknown())) }),
});
const exportSchema = v.looseObject({ ...versioned, deployment: v.optional(v.nullable(v.unknown())) });

/**
 * Parses a checkpoint file.
 * @throws {UserError} that names the file and says why it is refused.
 */
export function parseCheckpoint(text: string, path: string): VersionedDeployment {
  const { version, features, checkpoint } = parseShape(checkpointSchema, parseWhole(text, path), path);
  return checkDeployment(version, features ?? [], checkpoint.latest ?? undefined, path);
}

/** Parses what `stack export` printed. `path` is what to call it in an error. */
export function parseExport(text: string, path: string): VersionedDeployment {
  const { version, features, deployment } = parseShape(exportSchema, parseWhole(text, path), path);
  return checkDeployment(version, features ?? [], deployment ?? undefined, path);
}

function parseWhole(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the file, which may hold secrets.
    const what = text.trim() === "" ? "is empty" : "is cut short or damaged: it is not JSON";
    throw refusal(path, `${what}. The state before it is in ${path}.bak where that file exists`);
  }
}

function parseShape<Schema extends v.GenericSchema>(schema: Schema, value: unknown, path: string) {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw refusal(path, `is not a Pulumi checkpoint: ${v.getDotPath(issue) ?? "it"}: ${describeIssue(issue)}`);
}

/** Without the value received, which may be a secret. */
function describeIssue(issue: v.BaseIssue<unknown>): string {
  return issue.expected === null ? issue.message : `expected ${issue.expected}`;
}

function checkDeployment(version: number, features: string[], latest: unknown, path: string): VersionedDeployment {
  // Pulumi writes version 0 for a stack that has never had a deployment.
  if (version === 0 && latest === undefined) return { version: 3 };
  if (version > Math.max(...supportedVersions)) {
    throw refusal(path, `has version ${version}, newer than the embedded engine knows; use the Pulumi CLI`);
  }
  if (!supportedVersions.includes(version)) {
    throw refusal(
      path,
      `has version ${version}, too old for the embedded engine; \`pulumi up\` of the CLI converts it`,
    );
  }
  const unknown = features.filter((feature) => !(feature in featureTests));
  if (unknown.length > 0) {
    throw refusal(path, `needs ${unknown.join(", ")}, which the embedded engine does not know; use the Pulumi CLI`);
  }
  if (latest === undefined) return { version };
  const deployment = parseShape(deploymentSchema, latest, path) as unknown as StoredDeployment;
  return { version, ...(features.length > 0 ? { features } : {}), deployment };
}

export function refusal(path: string, reason: string): UserError {
  return new UserError(`The state ${path} ${reason}. Nothing was changed.`);
}
