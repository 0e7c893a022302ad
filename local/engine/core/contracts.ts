/**
 * What the core of the engine asks of the world around it: a source of registrations, providers, and a store.
 * gRPC, processes and files are adapters that implement these; tests implement them in a few lines.
 *
 *   Source ──registrations──▶ core ──check · diff · create · …──▶ Provider
 *                              │
 *                              ├──whole snapshots──▶ Store
 *                              └──what happens──▶ EngineEvent
 */
import type { EngineEvent } from "./events.ts";

/**
 * A property value as Pulumi's wire has it: JSON, in which an object under Pulumi's signature key stands for a
 * secret, an asset, an archive, an output or a resource reference, and a well-known string for an unknown value.
 * `properties.ts` has the words for them.
 */
export type PropertyValue = null | boolean | number | string | PropertyValue[] | { [key: string]: PropertyValue };
export type PropertyMap = { [key: string]: PropertyValue };

export type Urn = string;

/** A resource as a deployment (version 3) stores it. Secrets are in the clear here; a store encrypts them. */
export interface ResourceState {
  urn: Urn;
  custom: boolean;
  /** Condemned by a create-before-delete replacement; deleted by this run or the next. */
  delete?: boolean;
  id?: string;
  type: string;
  inputs?: PropertyMap;
  outputs?: PropertyMap;
  parent?: Urn;
  protect?: boolean;
  taint?: boolean;
  external?: boolean;
  dependencies?: Urn[];
  initErrors?: string[];
  /** Reference to the provider: `<urn>::<id>`. */
  provider?: string;
  propertyDependencies?: Record<string, Urn[]>;
  pendingReplacement?: boolean;
  additionalSecretOutputs?: string[];
  aliases?: Urn[];
  /** Seconds. */
  customTimeouts?: { create?: number; update?: number; delete?: number };
  importID?: string;
  retainOnDelete?: boolean;
  deletedWith?: Urn;
  replaceWith?: Urn[];
  /** RFC 3339. */
  created?: string;
  modified?: string;
  sourcePosition?: string;
  stackTrace?: { sourcePosition: string }[];
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  replacementTrigger?: PropertyValue;
  refreshBeforeUpdate?: boolean;
  resourceHooks?: Record<string, string[]>;
}

export type PendingOperationType = "creating" | "updating" | "deleting" | "reading" | "importing";

/** A stack's whole truth at one moment. Every resource comes after its parent, its provider and its dependencies. */
export interface Snapshot {
  resources: ResourceState[];
  /** What had been asked of a provider and was not answered when the snapshot was taken. */
  pendingOperations: { type: PendingOperationType; resource: ResourceState }[];
}

/**
 * Keeps snapshots. `save` resolves when the snapshot is durable; the core never calls it twice at once.
 * A `ResourceState` in a snapshot never changes after it was handed over: the same object stands for the same
 * content, so a store may keep its serialized form by identity.
 */
export interface Store {
  load(): Promise<Snapshot>;
  save(snapshot: Snapshot): Promise<void>;
}

/** Where registrations come from: a language host's process, or a function in a test. */
export interface Source {
  /**
   * Runs the program against the monitor. Resolves when it has ended well (the stack's deletes may run then);
   * throws `ProgramFailed` when the program failed and has said why. The signal aborts when nothing that the
   * program does matters any more.
   */
  run(monitor: Monitor, options: { dryRun: boolean; parallel: number; signal: AbortSignal }): Promise<void>;
  /** The operation is over. Until then the program may be asked to run hooks, although `run` has resolved. */
  close?(): Promise<void>;
}

/** Thrown by the monitor's methods once the operation has failed or was cancelled: no answer will come. */
export class MonitorClosed extends Error {
  override readonly name = "MonitorClosed";
}

export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
}

/** The core's side of a registration, one method for each call of `pulumirpc.ResourceMonitor` that programs use. */
export interface Monitor {
  registerResource(request: RegisterResource): Promise<RegisteredResource>;
  readResource(request: ReadResource): Promise<{ urn: Urn; properties: PropertyMap }>;
  registerResourceOutputs(urn: Urn, outputs: PropertyMap): Promise<void>;
  invoke(request: Invoke): Promise<InvokeResult>;
  registerHook: (hook: ResourceHook) => void;
  registerErrorHook: (hook: ErrorHook) => void;
  /** A message of the program, on a resource or on the stack. Debug messages carry secrets and never arrive here. */
  log: (message: {
    severity: "info" | "info#err" | "warning" | "error";
    message: string;
    urn?: Urn;
    streamId?: number;
    ephemeral?: boolean;
  }) => void;
}

export type HookKind =
  | "BeforeCreate"
  | "AfterCreate"
  | "BeforeUpdate"
  | "AfterUpdate"
  | "BeforeDelete"
  | "AfterDelete"
  | "OnError";

/** What a hook is told about the step that it stands before or after. */
export interface HookArgs {
  urn: Urn;
  id: string;
  name: string;
  type: string;
  oldState?: ResourceState;
  newState?: ResourceState;
  newInputs?: PropertyMap;
  oldInputs?: PropertyMap;
  newOutputs?: PropertyMap;
  oldOutputs?: PropertyMap;
}
export interface ResourceHook {
  name: string;
  onDryRun: boolean;
  ignoreErrors: boolean;
  run(args: HookArgs): Promise<void>;
}
/** Asked after a failed create, update or delete; answers whether to try again. */
export interface ErrorHook {
  name: string;
  run(args: HookArgs & { failedOperation: "create" | "update" | "delete"; errors: string[] }): Promise<boolean>;
}

export interface Alias {
  urn?: Urn;
  name?: string;
  type?: string;
  stack?: string;
  project?: string;
  parentUrn?: Urn;
  noParent?: boolean;
}

/** `pulumirpc.RegisterResourceRequest`, parsed. Field by field documented in resource.proto. */
export interface RegisterResource {
  type: string;
  name: string;
  custom: boolean;
  remote: boolean;
  inputs: PropertyMap;
  parent?: Urn;
  dependencies: Urn[];
  /** Empty: every property depends on all of `dependencies`. */
  propertyDependencies: Record<string, Urn[]>;
  /** Reference to an explicit provider; the default provider of the type's package otherwise. */
  provider?: string;
  /** Of a component: explicit providers by package. */
  providers: Record<string, string>;
  version?: string;
  pluginDownloadUrl?: string;
  protect?: boolean;
  /** Undefined: the program left it open, so that the provider decides. */
  deleteBeforeReplace?: boolean;
  retainOnDelete?: boolean;
  ignoreChanges: string[];
  replaceOnChanges: string[];
  replacementTrigger?: PropertyValue;
  replaceWith: Urn[];
  aliases: Alias[];
  additionalSecretOutputs: string[];
  /** Seconds. */
  customTimeouts?: { create?: number; update?: number; delete?: number };
  importId?: string;
  deletedWith?: Urn;
  hooks?: Partial<Record<HookKind, string[]>>;
  /** Of a provider resource: names of variables that it sees under other names. */
  envVarMappings?: Record<string, string>;
  supportsResultReporting: boolean;
  sourcePosition?: string;
  stackTrace?: { sourcePosition: string }[];
}

export interface RegisteredResource {
  urn: Urn;
  id?: string;
  outputs: PropertyMap;
  propertyDependencies: Record<string, Urn[]>;
  result: "success" | "fail" | "skip";
  /** Not created in this operation, because it was not among its targets: the outputs are unknown. */
  unknown: boolean;
}

export interface ReadResource {
  type: string;
  name: string;
  id: string;
  parent?: Urn;
  properties: PropertyMap;
  dependencies: Urn[];
  provider?: string;
  version?: string;
  pluginDownloadUrl?: string;
  additionalSecretOutputs: string[];
  sourcePosition?: string;
  stackTrace?: { sourcePosition: string }[];
}

export interface Invoke {
  token: string;
  args: PropertyMap;
  parent?: Urn;
  provider?: string;
  version?: string;
  pluginDownloadUrl?: string;
  dependsOn: Urn[];
}
export interface InvokeResult {
  result: PropertyMap;
  failures: CheckFailure[];
  /** It depends on a resource that does not exist yet (in a preview). */
  unknown?: boolean;
}

export interface CheckFailure {
  property: string;
  reason: string;
}

export interface DiffResult {
  /** Undefined: the provider does not know. */
  changes?: boolean;
  replaces: string[];
  stables: string[];
  /** Undefined where the provider has no opinion. */
  deleteBeforeReplace?: boolean;
  diffs: string[];
  detailedDiff?: Record<string, { kind: PropertyDiffKind; inputDiff: boolean }>;
}
export type PropertyDiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** The object exists, but did not come up well: the state keeps it with these reasons, and the step fails. */
export class InitializationFailed extends Error {
  override readonly name = "InitializationFailed";
  readonly id: string;
  readonly properties: PropertyMap;
  readonly inputs: PropertyMap | undefined;
  readonly reasons: string[];
  constructor(at: { id: string; properties: PropertyMap; inputs?: PropertyMap; reasons: string[] }) {
    super(at.reasons.join("; "));
    this.id = at.id;
    this.properties = at.properties;
    this.inputs = at.inputs;
    this.reasons = at.reasons;
  }
}

/** The provider cannot tell; the resource counts as changed, and the message is shown as a warning. */
export class DiffUnavailable extends Error {
  override readonly name = "DiffUnavailable";
}

/** A provider call failed so that nobody knows what became of the object. */
export class StatusUnknown extends Error {
  override readonly name = "StatusUnknown";
}

/** One configured provider. An adapter hides whether it takes secrets, unknowns or previews of its own. */
export interface Provider {
  check(request: {
    urn: Urn;
    olds: PropertyMap;
    news: PropertyMap;
    randomSeed: Uint8Array;
  }): Promise<{ inputs: PropertyMap; failures: CheckFailure[] }>;
  diff(request: {
    urn: Urn;
    id: string;
    oldInputs: PropertyMap;
    oldOutputs: PropertyMap;
    news: PropertyMap;
    ignoreChanges: string[];
  }): Promise<DiffResult>;
  /** With `preview`, only a provider that `supportsPreview` is asked. */
  create(request: {
    urn: Urn;
    news: PropertyMap;
    timeoutSeconds?: number;
    preview: boolean;
  }): Promise<{ id: string; outputs: PropertyMap }>;
  /** An undefined answer, or one with an empty id: the object does not exist any more. */
  read(request: {
    urn: Urn;
    id: string;
    inputs: PropertyMap;
    outputs: PropertyMap;
  }): Promise<{ id: string; inputs?: PropertyMap; outputs: PropertyMap } | undefined>;
  update(request: {
    urn: Urn;
    id: string;
    oldInputs: PropertyMap;
    oldOutputs: PropertyMap;
    news: PropertyMap;
    ignoreChanges: string[];
    timeoutSeconds?: number;
    preview: boolean;
  }): Promise<{ outputs: PropertyMap }>;
  delete(request: {
    urn: Urn;
    id: string;
    oldInputs: PropertyMap;
    oldOutputs: PropertyMap;
    timeoutSeconds?: number;
  }): Promise<void>;
  invoke(request: { token: string; args: PropertyMap; preview: boolean }): Promise<InvokeResult>;
  readonly supportsPreview: boolean;
}

/** Finds the provider of a package, not yet configured. Throws a `UserError` for a package that it cannot serve. */
export interface ProviderHost {
  open(pkg: string, version: string | undefined, log: Monitor["log"]): Promise<UnconfiguredProvider>;
  /** Stops whatever was started. */
  close(): Promise<void>;
}
export interface UnconfiguredProvider {
  checkConfig(
    urn: Urn,
    olds: PropertyMap,
    news: PropertyMap,
  ): Promise<{ inputs: PropertyMap; failures: CheckFailure[] }>;
  diffConfig(urn: Urn, olds: PropertyMap, oldOutputs: PropertyMap, news: PropertyMap): Promise<DiffResult>;
  configure(urn: Urn, inputs: PropertyMap): Promise<Provider>;
}

export type OperationKind = "preview" | "update" | "refresh" | "destroy";

/** One run of the core over one stack. */
export interface Operation {
  kind: OperationKind;
  /** A preview of this instead of a preview of an update. */
  previewOf?: "update" | "refresh" | "destroy";
  organization: string;
  project: string;
  stack: string;
  /** Configuration of default providers is taken from here: keys such as `aws:region`, decrypted. */
  config: Record<string, string>;
  /** Which keys of `config` are secret. */
  secretKeys: ReadonlySet<string>;
  /** The program; absent for a refresh or destroy that does not run it. */
  source?: Source;
  /** What another stack's outputs are, for stack references. */
  readStackOutputs?: (stack: string) => Promise<PropertyMap>;
  providers: ProviderHost;
  store: Store;
  parallel: number;
  /** URNs or wildcards; empty means everything. */
  targets: string[];
  targetDependents: boolean;
  replace: string[];
  refresh: boolean;
  continueOnError: boolean;
  /** The result is `failed` if anything changed; whoever asked says so. */
  expectNoChanges: boolean;
  onEvent: (event: EngineEvent) => void;
  /** Aborted once: finish what is under way and stop. */
  signal: AbortSignal;
}

export interface OperationResult {
  result: "succeeded" | "failed" | "in-progress";
  /** Counts by step, as in the summary event. */
  changes: Partial<Record<StepOp, number>>;
  /** The stack's outputs after the operation, secrets in the clear under their signature. */
  outputs: PropertyMap;
  snapshot: Snapshot;
}

export type StepOp =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "read"
  | "read-replacement"
  | "refresh"
  | "discard"
  | "discard-replaced"
  | "remove-pending-replace"
  | "import"
  | "import-replacement";
