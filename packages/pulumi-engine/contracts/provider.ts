/** What the core asks of providers. */
import type { PropertyMap, Urn } from "./contracts.ts";
import type { InvokeResult, Monitor } from "./program.ts";

export interface CheckFailure {
  property: string;
  reason: string;
}

export interface DiffResult {
  /** `undefined` if the provider does not know. */
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

/** What a resource is to be called. */
export interface Autonaming {
  /** Whether the provider may still change it; `disable`: the program has to give a name. */
  mode: "propose" | "enforce" | "disable";
  proposedName: string;
  /** Whether it is another one for each resource: else a replacement has to wait until the former is gone. */
  isUnique: boolean;
}
export type Autonamer = (urn: Urn, randomSeed: Uint8Array) => Autonaming | undefined;

/** One configured provider. An adapter hides whether it takes secrets, unknowns or previews of its own. */
export interface Provider {
  check(request: {
    urn: Urn;
    olds: PropertyMap;
    news: PropertyMap;
    randomSeed: Uint8Array;
    autonaming?: Autonaming | undefined;
  }): Promise<{ inputs: PropertyMap; failures: CheckFailure[] }>;
  diff(request: {
    urn: Urn;
    id: string;
    oldInputs: PropertyMap;
    oldOutputs: PropertyMap;
    news: PropertyMap;
    ignoreChanges: string[];
  }): Promise<DiffResult>;
  /** Where `preview` is set, only a provider that `supportsPreview` is asked. */
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
    timeoutSeconds?: number;
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
