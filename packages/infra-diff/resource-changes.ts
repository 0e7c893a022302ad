/** What becomes of a resource, property by property. */
import { tryFindSchema } from "@pulumi-line-bot/aws-resources/schema";
import type { PropertyMap, PropertyValue } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { parsePath, pathContains, type PropertyPath } from "@pulumi-line-bot/pulumi-engine/values/property-path";
import { isMap, isSecret, unwrapSecret } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { type ComparedResource, type ComparedStack, kindNameOf, refusedBy, type State } from "./compared.ts";
import type { PropertyChange, ResourceChange } from "./model.ts";
import { changesBetween } from "./property-changes.ts";

export function changeOf(resource: ComparedResource, stack: ComparedStack): ResourceChange | undefined {
  const { urn, type, name, kind, former } = resource;
  if (kind === "same") return undefined;
  return {
    urn,
    ...(former !== undefined && former.urn !== urn ? { formerUrn: former.urn } : {}),
    type,
    name,
    kind,
    reasons: reasonsOf(resource, stack),
    protected: refusedBy(resource) !== undefined,
    properties: propertiesOf(resource),
  };
}

function propertiesOf(resource: ComparedResource): PropertyChange[] {
  const { former, now, type } = resource;
  const schema = tryFindSchema(type);
  const isSet = (path: string): boolean => schema?.inputs[path]?.type === "set";
  const found = changesBetween(toCompared(former, type), toCompared(now, type), isSet).map((change) => ({
    ...change,
    replaces: forces(resource, change.path),
  }));
  const missed = former && now ? unseen(resource, found) : [];
  return [...found, ...missed, ...optionsOf(former, now)];
}

/** Inputs with the tags as they will be; a name that nobody chose is no property. */
function toCompared(state: State | undefined, type: string): PropertyMap {
  const { tags, tagsAll, ...inputs } = state?.inputs ?? {};
  const { naming } = tryFindSchema(type) ?? {};
  const defaults = inputs["__defaults"];
  if (naming && Array.isArray(defaults) && defaults.includes(naming.property)) delete inputs[naming.property];
  const effective = tagsAll ?? tags;
  const isEmpty = isMap(effective) && Object.keys(effective).length === 0;
  return effective === undefined || isEmpty ? inputs : { ...inputs, tags: effective };
}

/** What only a provider sees: an output that is not as the inputs want it, which is a drift. */
function unseen({ former, now, detailedDiff, type }: ComparedResource, found: PropertyChange[]): PropertyChange[] {
  const seen = found.map(({ path }) => parsePath(path) ?? [path]);
  const { naming } = tryFindSchema(type) ?? {};
  return Object.entries(detailedDiff ?? {}).flatMap(([text, { diffKind }]) => {
    const path = parsePath(text) ?? [text];
    const [top] = path;
    if (top === "tagsAll" || top === naming?.property || String(top).startsWith("__")) return [];
    if (seen.some((other) => pathContains(other, path) || pathContains(path, other) || other[0] === top)) return [];
    const replaces = diffKind.endsWith("-replace");
    const [old, fresh] = [valueAt(former?.outputs, path) ?? valueAt(former?.inputs, path), valueAt(now?.inputs, path)];
    // A preview prints all secrets alike: that one changes, only the provider can tell.
    if (isSecret(old) || isSecret(fresh)) return [{ path: text, kind: kindOf(diffKind), secret: true, replaces }];
    const changes = changesBetween({ [text]: old ?? null }, { [text]: fresh ?? null });
    return changes.map((change) => ({ ...change, path: text, replaces }));
  });
}

function kindOf(diffKind: string): PropertyChange["kind"] {
  if (diffKind.startsWith("add")) return "add";
  return diffKind.startsWith("delete") ? "remove" : "change";
}

function valueAt(map: PropertyMap | undefined, path: PropertyPath): PropertyValue | undefined {
  let at: PropertyValue | undefined = map;
  for (const step of path) {
    const value: PropertyValue | undefined = at === undefined ? undefined : unwrapSecret(at);
    if (Array.isArray(value) && typeof step === "number") at = value[step];
    else at = isMap(value) ? value[step] : undefined;
  }
  return at;
}

function forces({ keys, kind }: ComparedResource, path: string): boolean {
  return kind === "replace" && keys.some((key) => key === path || String(parsePath(path)?.[0]) === key);
}

function optionsOf(former: State | undefined, now: State | undefined): PropertyChange[] {
  const [was, is] = [former?.protect === true, now?.protect === true];
  if (!former || !now || was === is) return [];
  return [{ path: "protect", kind: "change", former: was, now: is, secret: false, replaces: false }];
}

/** The properties that force a replacement; where they follow from another one, which that is. */
function reasonsOf({ kind, keys, now }: ComparedResource, stack: ComparedStack): ResourceChange["reasons"] {
  if (kind !== "replace") return [];
  return keys.map((path) => {
    const needed = now?.propertyDependencies?.[path] ?? [];
    const source = stack.resources.find(({ urn, kind }) => kind === "replace" && needed.includes(urn));
    return source === undefined ? { path } : { path, because: `${kindNameOf(source.type)} ${source.name}` };
  });
}
