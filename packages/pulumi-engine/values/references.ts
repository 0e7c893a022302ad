/** Keeps the references between resources true when some of them were renamed or have gone. */
import type { ResourceState, Urn } from "../contracts/contracts.ts";
import { tidy } from "./state.ts";
import { makeUrn, parseProviderRef, parseUrn, providerRef, requirementsOf } from "./urn.ts";

/** Renamed resources carry their former URN as an alias: everything that still names it is put right. */
export function normalizeUrns(states: ResourceState[]): ResourceState[] {
  if (!states.some((state) => state.aliases?.length)) return states;
  const renamed = new Map<Urn, Urn>();
  for (const state of states) {
    for (const alias of state.aliases ?? []) renamed.set(alias, state.urn);
    const parent = state.parent && renamed.get(state.parent);
    // A child's URN holds its parent's type; a child that was not registered again follows its parent.
    if (parent) renamed.set(state.urn, makeUrn({ ...parseUrn(state.urn), parent }));
  }
  const fix = (urn: Urn): Urn => renamed.get(urn) ?? urn;
  return states.map((state) => {
    const { aliases, ...rest } = state;
    const urn = fix(state.urn);
    return mapReferences(aliases?.length || urn !== state.urn ? { ...rest, urn } : state, (named) => fix(named));
  });
}

/**
 * Drops references to what does not come earlier in the list; children of what has gone go to its parent, which
 * `former` knows.
 */
export function withoutDangling(states: ResourceState[], former: ResourceState[]): ResourceState[] {
  const earlier = new Set<Urn>();
  const parents = new Map<Urn, Urn | undefined>([...former, ...states].map((state) => [state.urn, state.parent]));
  return states.map((state) => {
    const fixed = mapReferences(state, (urn, isParent) => {
      if (earlier.has(urn)) return urn;
      return isParent ? ancestor(urn, earlier, parents) : undefined;
    });
    earlier.add(state.urn);
    return fixed;
  });
}

function ancestor(urn: Urn, there: ReadonlySet<Urn>, parents: ReadonlyMap<Urn, Urn | undefined>): Urn | undefined {
  for (let at = parents.get(urn); at !== undefined; at = parents.get(at)) if (there.has(at)) return at;
  return undefined;
}

/** Everything after what it names, and otherwise as it was. */
export function inDependencyOrder(states: ResourceState[]): ResourceState[] {
  // Where two have one URN, others name the one that is not condemned.
  const byUrn = new Map<Urn, ResourceState>();
  for (const state of states) if (!state.delete || !byUrn.has(state.urn)) byUrn.set(state.urn, state);
  const sorted = new Set<ResourceState>();
  const open = new Set<ResourceState>();
  const place = (state: ResourceState): void => {
    if (sorted.has(state) || open.has(state)) return;
    open.add(state);
    for (const urn of requirementsOf(state)) {
      const needed = byUrn.get(urn);
      if (needed) place(needed);
    }
    sorted.add(state);
  };
  for (const state of states) place(state);
  return [...sorted];
}

/** The state with its references mapped; the same object where none changed. */
export function mapReferences(
  state: ResourceState,
  map: (urn: Urn, isParent: boolean) => Urn | undefined,
): ResourceState {
  let changed = false;
  const one = (urn: Urn | undefined, isParent = false): Urn | undefined => {
    const mapped = urn && map(urn, isParent);
    changed ||= mapped !== urn;
    return mapped;
  };
  const list = (urns: Urn[]): Urn[] => urns.flatMap((urn) => one(urn) ?? []);
  const provider = state.provider && parseProviderRef(state.provider);
  const mapped = {
    ...state,
    parent: one(state.parent, true),
    deletedWith: one(state.deletedWith),
    dependencies: state.dependencies && list(state.dependencies),
    replaceWith: state.replaceWith && list(state.replaceWith),
    propertyDependencies:
      state.propertyDependencies &&
      Object.fromEntries(Object.entries(state.propertyDependencies).map(([key, urns]) => [key, list(urns)])),
    // A provider that was lost is not a reference to drop: the state is broken then, and has to say so.
    provider: provider && providerRef(one(provider.urn) ?? provider.urn, provider.id),
  };
  return changed ? tidy(mapped) : state;
}
