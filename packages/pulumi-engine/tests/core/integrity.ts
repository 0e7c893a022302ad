/** What holds for every deployment, whatever happened to the operation that wrote it. */
import type { Snapshot } from "../../contracts/contracts.ts";
import { dependenciesOf, isProviderType, providerRef } from "../../values/urn.ts";

/** Everything that a resource names is there and comes first; one URN has one resource that is not condemned. */
export function faultsOf(snapshot: Snapshot): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  const live = new Set<string>();
  const providers = new Set<string>();
  for (const state of snapshot.resources) {
    for (const { kind, urn } of dependenciesOf(state))
      if (!seen.has(urn)) faults.push(`${state.urn}: ${kind} ${urn} does not come first`);
    if (state.provider && !providers.has(state.provider))
      faults.push(`${state.urn}: provider ${state.provider} does not come first`);
    if (!state.delete && live.has(state.urn)) faults.push(`${state.urn} is there twice`);
    if (state.custom && !state.id) faults.push(`${state.urn} has no id`);
    if (!state.delete) live.add(state.urn);
    seen.add(state.urn);
    if (isProviderType(state.type)) providers.add(providerRef(state.urn, state.id ?? ""));
  }
  return faults;
}
