import type { PropertyMap, Urn } from "../contracts/contracts.ts";
import { kindOf, mapProperties } from "../values/properties.ts";
import { mapReferences } from "../values/references.ts";
import { makeUrn, parseUrn, ROOT_STACK_TYPE } from "../values/urn.ts";
import type { StoredResource, VersionedDeployment } from "./checkpoint.ts";
import type { StackReference } from "./stack-reference.ts";

/** The deployment as that of another stack: every URN names it, as `pulumi stack rename` has it. */
export function renameDeployment(
  stored: VersionedDeployment,
  from: StackReference,
  to: StackReference,
): VersionedDeployment {
  const { deployment } = stored;
  if (!deployment) return stored;
  const rename = (urn: Urn): Urn => renameUrn(urn, from, to);
  const renamed = (resource: StoredResource) => renameResource(resource, rename);
  return {
    ...stored,
    deployment: {
      ...deployment,
      ...(deployment.resources && { resources: deployment.resources.map(renamed) }),
      ...(deployment.pending_operations && {
        pending_operations: deployment.pending_operations.map((pending) => ({
          ...pending,
          resource: renamed(pending.resource),
        })),
      }),
    },
  };
}

/** Another stack's URN, in an alias, stays. */
function renameUrn(urn: Urn, from: StackReference, to: StackReference): Urn {
  const { stack, project, qualifiedType, name } = parseUrn(urn);
  if (stack !== from.name || project !== from.project) return urn;
  // The stack's own resource is named after it.
  const isRoot = qualifiedType === ROOT_STACK_TYPE;
  const renamed = { stack: to.name, project: to.project, type: qualifiedType };
  return makeUrn({ ...renamed, name: isRoot ? `${to.project}-${to.name}` : name });
}

function renameResource(resource: StoredResource, rename: (urn: Urn) => Urn): StoredResource {
  const { inputs, outputs, aliases } = resource;
  const inValues = (map: PropertyMap): PropertyMap =>
    mapProperties(map, (value) => {
      if (kindOf(value) !== "resource") return value;
      const reference = value as PropertyMap;
      const { urn } = reference;
      return typeof urn === "string" ? { ...reference, urn: rename(urn) } : value;
    });
  return {
    ...mapReferences(resource, rename),
    urn: rename(resource.urn),
    ...(aliases && { aliases: aliases.map(rename) }),
    ...(inputs && { inputs: inValues(inputs) }),
    ...(outputs && { outputs: inValues(outputs) }),
  };
}
