/** `RegisterResourceRequest` as the core has it. */
import type aliasMessages from "@pulumi/pulumi/proto/alias_pb.js";
import resourceMessages from "@pulumi/pulumi/proto/resource_pb.js";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { Alias, HookKind, PropertyMap, RegisterResource } from "../contracts/contracts.ts";
import { formatPath, parsePath } from "../values/property-path.ts";
import { parseDuration } from "./duration.ts";
import { entriesOf, fromValue } from "./grpc.ts";
import type { SourcePositions } from "./source-positions.ts";

type Request = resourceMessages.RegisterResourceRequest;
type Options = resourceMessages.TransformResourceOptions;
type Hooks = resourceMessages.RegisterResourceRequest.ResourceHooksBinding;

export const HOOK_LISTS: Record<
  HookKind,
  { get: (hooks: Hooks) => string[]; set: (hooks: Hooks, names: string[]) => void }
> = {
  BeforeCreate: {
    get: (hooks) => hooks.getBeforeCreateList(),
    set: (hooks, names) => hooks.setBeforeCreateList(names),
  },
  AfterCreate: { get: (hooks) => hooks.getAfterCreateList(), set: (hooks, names) => hooks.setAfterCreateList(names) },
  BeforeUpdate: {
    get: (hooks) => hooks.getBeforeUpdateList(),
    set: (hooks, names) => hooks.setBeforeUpdateList(names),
  },
  AfterUpdate: { get: (hooks) => hooks.getAfterUpdateList(), set: (hooks, names) => hooks.setAfterUpdateList(names) },
  BeforeDelete: {
    get: (hooks) => hooks.getBeforeDeleteList(),
    set: (hooks, names) => hooks.setBeforeDeleteList(names),
  },
  AfterDelete: { get: (hooks) => hooks.getAfterDeleteList(), set: (hooks, names) => hooks.setAfterDeleteList(names) },
  OnError: { get: (hooks) => hooks.getOnErrorList(), set: (hooks, names) => hooks.setOnErrorList(names) },
};

/** The options in the form in which transforms change them. */
export function optionsOfRequest(request: Request): Options {
  const options = new resourceMessages.TransformResourceOptions();
  options.setImport(request.getImportid());
  options.setDependsOnList(request.getDependenciesList());
  const [protect, retainOnDelete] = [request.getProtect(), request.getRetainondelete()];
  if (request.hasProtect() && protect !== undefined) options.setProtect(protect);
  if (request.hasRetainondelete() && retainOnDelete !== undefined) options.setRetainOnDelete(retainOnDelete);
  // Some SDKs only ever set the value, so `true` counts without the flag too.
  if (request.getDeletebeforereplacedefined() || request.getDeletebeforereplace())
    options.setDeleteBeforeReplace(request.getDeletebeforereplace());
  options.setIgnoreChangesList(request.getIgnorechangesList());
  options.setReplaceOnChangesList(request.getReplaceonchangesList());
  options.setReplacementTrigger(request.getReplacementTrigger());
  options.setVersion(request.getVersion());
  options.setAliasesList(request.getAliasesList());
  options.setProvider(request.getProvider());
  for (const [pkg, ref] of entriesOf(request.getProvidersMap())) options.getProvidersMap().set(pkg, ref);
  options.setCustomTimeouts(request.getCustomtimeouts());
  options.setPluginDownloadUrl(request.getPlugindownloadurl());
  options.setDeletedWith(request.getDeletedwith());
  options.setReplaceWithList(request.getReplaceWithList());
  options.setAdditionalSecretOutputsList(request.getAdditionalsecretoutputsList());
  options.setHooks(request.getHooks());
  options.setHideDiffList(request.getHidediffsList());
  return options;
}

/** The request with inputs and options as transforms left them. @throws if a timeout is no duration */
export function toRegistration(
  request: Request,
  options: Options,
  inputs: PropertyMap,
  positions: SourcePositions,
): RegisterResource {
  const propertyDependencies = entriesOf(request.getPropertydependenciesMap()).map(
    ([key, urns]) => [key, urns.getUrnsList()] as const,
  );
  const timeouts = timeoutsOf(options);
  const trigger = options.getReplacementTrigger();
  const optional = {
    parent: request.getParent(),
    provider: options.getProvider(),
    version: options.getVersion(),
    pluginDownloadUrl: options.getPluginDownloadUrl().replace(/\/$/, ""),
    importId: options.getImport(),
    deletedWith: options.getDeletedWith(),
  };
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    remote: request.getRemote(),
    inputs,
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== "")) as Partial<typeof optional>),
    dependencies: options.getDependsOnList(),
    propertyDependencies: Object.fromEntries(propertyDependencies),
    providers: Object.fromEntries(entriesOf(options.getProvidersMap())),
    ...(options.hasProtect() ? { protect: options.getProtect() === true } : {}),
    ...(options.hasDeleteBeforeReplace() ? { deleteBeforeReplace: options.getDeleteBeforeReplace() === true } : {}),
    ...(options.hasRetainOnDelete() ? { retainOnDelete: options.getRetainOnDelete() === true } : {}),
    ignoreChanges: options.getIgnoreChangesList(),
    hideDiffs: options.getHideDiffList().map(toPath),
    replaceOnChanges: options.getReplaceOnChangesList(),
    ...(trigger ? { replacementTrigger: fromValue(trigger) } : {}),
    replaceWith: options.getReplaceWithList(),
    aliases: [
      ...request.getAliasurnsList().map((urn) => ({ urn })),
      ...options.getAliasesList().map((alias) => toAlias(alias, request.getAliasspecs())),
    ],
    additionalSecretOutputs: options.getAdditionalSecretOutputsList(),
    ...(timeouts ? { customTimeouts: timeouts } : {}),
    ...hooksOf(options),
    envVarMappings: Object.fromEntries(entriesOf(request.getEnvvarmappingsMap())),
    supportsResultReporting: request.getSupportsresultreporting(),
    ...positions.of(request),
  };
}

/** Before aliases were specified, the Node.js SDK meant "no parent" by leaving the parent out, and the reverse. */
function toAlias(alias: aliasMessages.Alias, specified: boolean): Alias {
  const spec = alias.getSpec();
  if (!spec) return { urn: alias.getUrn() };
  const parentUrn = spec.getParenturn();
  const says = spec.hasNoparent() && spec.getNoparent();
  const noParent = specified ? says : spec.hasNoparent() ? !says : parentUrn === "";
  const { name, type, stack, project } = spec.toObject();
  return { name, type, stack, project, ...(parentUrn ? { parentUrn } : {}), ...(noParent ? { noParent } : {}) };
}

function timeoutsOf(options: Options): RegisterResource["customTimeouts"] {
  const timeouts = options.getCustomTimeouts();
  if (!timeouts) return undefined;
  const given = {
    create: timeouts.getCreate(),
    update: timeouts.getUpdate(),
    delete: timeouts.getDelete(),
    read: timeouts.getRead(),
  };
  const seconds = Object.entries(given)
    .filter(([, text]) => text !== "")
    .map(([what, text]) => [what, parseDuration(text)]);
  return seconds.length > 0 ? Object.fromEntries(seconds) : undefined;
}

/** A path as Pulumi writes it down. */
function toPath(text: string): string {
  const path = parsePath(text);
  if (!path) throw new UserError(`hideDiffs: ${JSON.stringify(text)} is no path of properties, such as tags["a key"].`);
  return formatPath(path);
}

function hooksOf(options: Options): Pick<RegisterResource, "hooks"> {
  const binding = options.getHooks();
  if (!binding) return {};
  const lists = Object.entries(HOOK_LISTS).map(([kind, { get }]) => [kind, get(binding)] as const);
  return { hooks: Object.fromEntries(lists.filter(([, names]) => names.length > 0)) };
}
