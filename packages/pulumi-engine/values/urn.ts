/** URNs (`urn:pulumi:<stack>::<project>::<parent types$type>::<name>`) and provider references (`<urn>::<id>`). */
import type { ResourceState, Urn } from "../contracts/contracts.ts";

export const ROOT_STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_TYPE = "pulumi:providers:";

export interface UrnParts {
  stack: string;
  project: string;
  /** The types of the parents and the resource, joined by `$`. */
  qualifiedType: string;
  type: string;
  name: string;
}

/** @throws if the text is no URN */
export function parseUrn(urn: Urn): UrnParts {
  const [head, project, qualifiedType, ...name] = urn.split("::");
  if (!head?.startsWith("urn:pulumi:") || project === undefined || qualifiedType === undefined || name.length === 0)
    throw new Error(`invalid URN ${JSON.stringify(urn)}`);
  return {
    stack: head.slice("urn:pulumi:".length),
    project,
    qualifiedType,
    type: qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1),
    name: name.join("::"),
  };
}

export function makeUrn(at: {
  stack: string;
  project: string;
  parent?: Urn | undefined;
  type: string;
  name: string;
}): Urn {
  const parentType = at.parent ? parseUrn(at.parent).qualifiedType : "";
  const prefix = parentType && parentType !== ROOT_STACK_TYPE ? `${parentType}$` : "";
  return `urn:pulumi:${at.stack}::${at.project}::${prefix}${at.type}::${at.name}`;
}

export const isRootStack = (urn: Urn): boolean => parseUrn(urn).qualifiedType === ROOT_STACK_TYPE;

export const packageOf = (type: string): string => type.slice(0, type.indexOf(":"));

export const isProviderType = (type: string): boolean => type.startsWith(PROVIDER_TYPE);
export const providerType = (pkg: string): string => `${PROVIDER_TYPE}${pkg}`;
export const packageOfProvider = (type: string): string => type.slice(PROVIDER_TYPE.length);

/** A provider that no program asked for by name; steps on it are not counted. */
export function isDefaultProvider(urn: Urn): boolean {
  const { type, name } = parseUrn(urn);
  return isProviderType(type) && name.startsWith("default");
}

export const providerRef = (urn: Urn, id: string): string => `${urn}::${id}`;

/** @throws if the text is no reference */
export function parseProviderRef(ref: string): { urn: Urn; id: string } {
  const at = ref.lastIndexOf("::");
  const urn = ref.slice(0, at);
  if (!isProviderType(parseUrn(urn).type)) throw new Error(`invalid provider reference ${JSON.stringify(ref)}`);
  return { urn, id: ref.slice(at + 2) };
}

export interface Dependency {
  kind: "parent" | "dependency" | "property dependency" | "deleted with dependency" | "replace with dependency";
  urn: Urn;
}

/** Everything a resource names by URN, its provider aside. */
export function dependenciesOf(state: ResourceState): Dependency[] {
  const found: Dependency[] = [];
  const add = (kind: Dependency["kind"], urn: Urn | undefined): void => {
    if (urn) found.push({ kind, urn });
  };
  add("parent", state.parent);
  for (const urn of state.dependencies ?? []) add("dependency", urn);
  for (const urns of Object.values(state.propertyDependencies ?? {}))
    for (const urn of urns) add("property dependency", urn);
  add("deleted with dependency", state.deletedWith);
  for (const urn of state.replaceWith ?? []) add("replace with dependency", urn);
  return found;
}

/** What a resource needs before it: all it names, and its provider. */
export function requirementsOf(state: ResourceState): Urn[] {
  const urns = dependenciesOf(state).map((dependency) => dependency.urn);
  if (state.provider) urns.push(parseProviderRef(state.provider).urn);
  return urns;
}
