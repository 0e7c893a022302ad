/** What the core asks of a program, and what a program may ask of the core. */
import type { CheckFailure } from "./provider.ts";
import type { Origin, PropertyMap, PropertyValue, ResourceState, Timeouts, Urn } from "./contracts.ts";

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

/** What a hook gets about the step that it stands before or after. */
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

interface ProviderRequest {
  /** Reference to an explicit provider; the default provider of the type's package otherwise. */
  provider?: string;
  version?: string;
  pluginDownloadUrl?: string;
}

/** `pulumirpc.RegisterResourceRequest`, parsed. Field by field documented in resource.proto. */
export interface RegisterResource extends ProviderRequest, Origin {
  type: string;
  name: string;
  custom: boolean;
  remote: boolean;
  inputs: PropertyMap;
  parent?: Urn;
  dependencies: Urn[];
  /** Empty: every property depends on all of `dependencies`. */
  propertyDependencies: Record<string, Urn[]>;
  /** A component's explicit providers, by package. */
  providers: Record<string, string>;
  protect?: boolean;
  /** `undefined` if the program left it open, so that the provider decides. */
  deleteBeforeReplace?: boolean;
  retainOnDelete?: boolean;
  ignoreChanges: string[];
  hideDiffs?: string[];
  replaceOnChanges: string[];
  replacementTrigger?: PropertyValue;
  replaceWith: Urn[];
  aliases: Alias[];
  additionalSecretOutputs: string[];
  customTimeouts?: Timeouts;
  importId?: string;
  deletedWith?: Urn;
  hooks?: Partial<Record<HookKind, string[]>>;
  /** Names of variables of a provider resource that it sees under other names. */
  envVarMappings?: Record<string, string>;
  supportsResultReporting: boolean;
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

export interface ReadResource extends ProviderRequest, Origin {
  type: string;
  name: string;
  id: string;
  parent?: Urn;
  properties: PropertyMap;
  dependencies: Urn[];
  additionalSecretOutputs: string[];
}

export interface Invoke extends ProviderRequest {
  token: string;
  args: PropertyMap;
  parent?: Urn;
  dependsOn: Urn[];
}
export interface InvokeResult {
  result: PropertyMap;
  failures: CheckFailure[];
  /** It depends on a resource that does not exist yet (in a preview). */
  unknown?: boolean;
}
