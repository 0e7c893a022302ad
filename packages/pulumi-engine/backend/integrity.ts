import { dependenciesOf, isProviderType, providerRef } from "../values/urn.ts";
import type { StoredDeployment } from "./checkpoint.ts";
import { magicOf } from "./snapshot-codec.ts";

/**
 * What is wrong with a deployment, or undefined: Pulumi's own rules for a snapshot. Whatever a resource refers to
 * exists and comes before it, and a URN has one resource that is not condemned.
 */
export function findIntegrityFault(deployment: StoredDeployment): string | undefined {
  const { version, magic } = deployment.manifest;
  if (magic !== magicOf(version))
    return "its manifest was changed by hand: the magic number is not that of its version";
  const seen = new Set<string>();
  const live = new Set<string>();
  const providers = new Set<string>();
  for (const resource of deployment.resources ?? []) {
    const missing = dependenciesOf(resource).find(({ urn }) => !seen.has(urn));
    if (missing) return `${resource.urn} refers to ${missing.urn} (${missing.kind}), which does not come before it`;
    if (resource.provider && !providers.has(resource.provider)) {
      return `${resource.urn} refers to the provider ${resource.provider}, which does not come before it`;
    }
    if (!resource.delete && live.has(resource.urn)) return `${resource.urn} is in it twice`;
    if (!resource.delete) live.add(resource.urn);
    seen.add(resource.urn);
    if (isProviderType(resource.type)) providers.add(providerRef(resource.urn, resource.id ?? ""));
  }
  return undefined;
}
