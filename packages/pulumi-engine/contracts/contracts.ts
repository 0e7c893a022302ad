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
import type { Source } from "./program.ts";
import type { Autonamer, ProviderHost } from "./provider.ts";

export * from "./program.ts";
export * from "./provider.ts";

/**
 * A property value as Pulumi's wire has it: JSON, in which an object under Pulumi's signature key stands for a
 * secret, an asset, an archive, an output or a resource reference, and a well-known string for an unknown value.
 * `properties.ts` has the words for them.
 */
export type PropertyValue = null | boolean | number | string | PropertyValue[] | { [key: string]: PropertyValue };
export type PropertyMap = { [key: string]: PropertyValue };

export type Urn = string;

/** Where in the program something was asked for. */
export interface Origin {
  sourcePosition?: string;
  stackTrace?: { sourcePosition?: string }[];
}

/** Seconds. */
export type Timeouts = { create?: number; update?: number; delete?: number; read?: number };

/** A resource as a deployment (version 3) stores it. Secrets are in the clear here; a store encrypts them. */
export interface ResourceState extends Origin {
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
  customTimeouts?: Timeouts;
  importID?: string;
  retainOnDelete?: boolean;
  deletedWith?: Urn;
  replaceWith?: Urn[];
  /** RFC 3339. */
  created?: string;
  modified?: string;
  ignoreChanges?: string[];
  /** Paths whose differences are of no interest to a reader. */
  hideDiff?: string[];
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
  /** Called before a step begins: throws where there would be no room to write how it ended. */
  prepare?(): Promise<void>;
  save(snapshot: Snapshot): Promise<void>;
}

type OperationKind = "preview" | "update" | "refresh" | "destroy";

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
  /** How resources are named that the program gives no name; `undefined` if each provider decides. */
  autonaming?: Autonamer | undefined;
  /** What another stack's outputs are, for stack references. */
  readStackOutputs?: (stack: string) => Promise<PropertyMap>;
  providers: ProviderHost;
  store: Store;
  parallel: number;
  /** URNs or wildcards; empty means everything. */
  targets: string[];
  targetDependents: boolean;
  /** URNs or wildcards of what is left alone; never together with targets. Nothing is if it is not said. */
  excludes?: string[];
  excludeDependents?: boolean;
  replace: string[];
  refresh: boolean;
  continueOnError: boolean;
  /**
   * Whether a protected resource among those that are to go keeps all of them. The CLI, where it makes no preview first,
   * deletes the others: all that no protected one needs. Default: false.
   */
  protectedStopsDeletions?: boolean;
  /** The result is `failed` if anything changed; anyone who asked says so. */
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
