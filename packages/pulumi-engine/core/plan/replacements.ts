/** Which resources go when one of them is deleted before its replacement is made. */
import { UNKNOWN } from "../../values/properties.ts";
import { applyReplaceOnChanges, forcesReplacement } from "../../values/property-diff.ts";
import type { PropertyMap, ResourceState, Urn } from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import { diffResource } from "./diff-resource.ts";
import type { Plan } from "./plan.ts";
import type { Held } from "../resource-state.ts";
import { inputsOf } from "../../values/state.ts";
import { isProviderType, parseProviderRef } from "../../values/urn.ts";

export interface DependentReplacement {
  held: Held;
  keys: string[];
}

/**
 * In order, the resources that would have to be replaced themselves if `root` were gone: their provider is asked,
 * with the properties that depend on what goes unknown.
 */
export async function dependentReplacements(
  deployment: Deployment,
  plan: Plan,
  root: Held,
): Promise<DependentReplacement[]> {
  const gone = new Set<Urn>([root.state.urn]);
  const found: DependentReplacement[] = [];
  // Whatever this operation has seen already cannot depend on what is only now being registered.
  const seen = new Set([
    ...plan.reads,
    ...plan.creates,
    ...plan.sames,
    ...plan.updates,
    ...plan.replaces,
    ...deployment.deletes,
  ]);
  for (const held of deployment.graph.dependingOn(root, seen, false)) {
    const keys = await replacementKeys(deployment, held.state, gone);
    if (!keys) continue;
    gone.add(held.state.urn);
    found.push({ held, keys });
  }
  return found;
}

/** Undefined where the resource can stay. */
async function replacementKeys(
  deployment: Deployment,
  state: ResourceState,
  gone: ReadonlySet<Urn>,
): Promise<string[] | undefined> {
  if (!state.custom || state.external) return undefined;
  if (state.provider && gone.has(parseProviderRef(state.provider).urn)) {
    await deployment.providers.ensure(state.provider);
    return [];
  }
  if (state.deletedWith && gone.has(state.deletedWith)) return [];
  const news = withUnknowns(state, gone);
  if (!news) return undefined;
  let provider = deployment.providers.registry;
  if (isProviderType(state.type)) await deployment.providers.same(state, false);
  else {
    await deployment.providers.ensure(state.provider);
    provider = deployment.providers.tryFind(state.provider ?? "") ?? provider;
  }
  const diff = await diffResource(deployment, provider, state, news, state.ignoreChanges ?? []);
  const applied = applyReplaceOnChanges(diff, state.replaceOnChanges ?? [], false);
  return forcesReplacement(applied) ? applied.replaces : undefined;
}

/** The inputs, with those unknown that come from what goes; undefined if none does. */
function withUnknowns(state: ResourceState, gone: ReadonlySet<Urn>): PropertyMap | undefined {
  const changed = Object.entries(state.propertyDependencies ?? {})
    .filter(([key, urns]) => inputsOf(state)[key] !== undefined && urns.some((urn) => gone.has(urn)))
    .map(([key]) => [key, UNKNOWN] as const);
  return changed.length === 0 ? undefined : { ...inputsOf(state), ...Object.fromEntries(changed) };
}

/** Resources that are bound to another one's fate by `replaceWith` or `deletedWith`. */
export function boundTo(deployment: Deployment, urn: Urn): DependentReplacement[] {
  const found = new Map<Urn, DependentReplacement>();
  for (const held of [...deployment.news.values(), ...deployment.olds.values()]) {
    const { state } = held;
    const bound = state.replaceWith?.includes(urn) || state.deletedWith === urn;
    if (bound && !found.has(state.urn)) found.set(state.urn, { held, keys: [] });
  }
  return [...found.values()];
}
