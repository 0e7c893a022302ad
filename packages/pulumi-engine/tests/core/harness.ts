/** A cloud, a program and a store in memory, to run the engine's core against. */
import {
  InitializationFailed,
  type DiffResult,
  type Monitor,
  type Operation,
  type OperationResult,
  type PropertyMap,
  type Provider,
  type ProviderHost,
  type RegisteredResource,
  type RegisterResource,
  type Snapshot,
  type Source,
  type Store,
  type Urn,
} from "../../contracts/contracts.ts";
import type { EngineEvent } from "../../contracts/events.ts";
import { runOperation } from "../../core/operation.ts";

export const STACK = "urn:pulumi:dev::test::pulumi:pulumi:Stack::test-dev";
export const urnOf = (name: string): Urn => `urn:pulumi:dev::test::cloud:index:Thing::${name}`;

type Method = "check" | "diff" | "create" | "read" | "update" | "delete" | "invoke";
export interface Call {
  method: Method;
  urn: Urn;
  id?: string;
}

/** Objects by id. What a property does: `zone` forces replacement, `slot` deletes before it, a negative `size` is refused. */
export class Cloud {
  readonly objects = new Map<string, PropertyMap>();
  readonly calls: Call[] = [];
  /** May throw, or answer later, at each call; `before` the object changes or `after`. */
  interfere: (call: Call, when: "before" | "after") => Promise<void> | void = () => undefined;
  #serial = 0;

  provider(): Provider {
    const enter = async <T>(call: Call, work: () => T): Promise<T> => {
      this.calls.push(call);
      await this.interfere(call, "before");
      const result = work();
      await this.interfere(call, "after");
      return result;
    };
    return {
      supportsPreview: false,
      check: ({ urn, news }) =>
        enter({ method: "check", urn }, () => ({
          inputs: { tier: "basic", ...news },
          failures: Number(news["size"]) < 0 ? [{ property: "size", reason: "size must not be negative" }] : [],
        })),
      diff: ({ urn, id, oldInputs, news }) => enter({ method: "diff", urn, id }, () => diff(oldInputs, news)),
      create: ({ urn, news }) =>
        enter({ method: "create", urn }, () => {
          const id = `${urn.slice(urn.lastIndexOf(":") + 1)}-${++this.#serial}`;
          const outputs = { ...news, address: `cloud://${id}` };
          this.objects.set(id, outputs);
          return { id, outputs };
        }),
      read: ({ urn, id }) =>
        enter({ method: "read", urn, id }, () => {
          const outputs = this.objects.get(id);
          return outputs && { id, outputs };
        }),
      update: ({ urn, id, news }) =>
        enter({ method: "update", urn, id }, () => {
          const outputs = { ...news, address: `cloud://${id}` };
          this.objects.set(id, outputs);
          return { outputs };
        }),
      delete: ({ urn, id }) => enter({ method: "delete", urn, id }, () => void this.objects.delete(id)),
      invoke: ({ token, args }) =>
        enter({ method: "invoke", urn: token }, () => ({ result: { ...args, said: "yes" }, failures: [] })),
    };
  }

  host(): ProviderHost {
    return {
      open: () =>
        Promise.resolve({
          checkConfig: (_urn, _olds, news) => Promise.resolve({ inputs: news, failures: [] }),
          diffConfig: () => Promise.resolve({ replaces: [], stables: [], diffs: [] }),
          configure: () => Promise.resolve(this.provider()),
        }),
      close: () => Promise.resolve(),
    };
  }
}

function diff(olds: PropertyMap, news: PropertyMap): DiffResult {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const changed = keys.filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
  const replaces = changed.filter((key) => key === "zone" || key === "slot");
  return {
    changes: changed.length > 0,
    replaces,
    stables: [],
    diffs: changed,
    deleteBeforeReplace: replaces.includes("slot"),
  };
}

/** The object is there, but not well. */
export const unwell = (id: string, properties: PropertyMap): InitializationFailed =>
  new InitializationFailed({ id, properties, reasons: ["it did not come up"] });

export class MemoryStore implements Store {
  /** All that were saved, in order. */
  readonly saved: Snapshot[] = [];
  beforeSave: (snapshot: Snapshot) => Promise<void> | void = () => undefined;
  #saving = false;
  #current: Snapshot;

  constructor(current: Snapshot = { resources: [], pendingOperations: [] }) {
    this.#current = current;
  }

  get current(): Snapshot {
    return this.#current;
  }

  load(): Promise<Snapshot> {
    return Promise.resolve(structuredClone(this.#current));
  }

  async save(snapshot: Snapshot): Promise<void> {
    if (this.#saving) throw new Error("two writes at once");
    this.#saving = true;
    try {
      await this.beforeSave(snapshot);
      this.#current = structuredClone(snapshot);
      this.saved.push(this.#current);
    } finally {
      this.#saving = false;
    }
  }
}

export type Options = Partial<Omit<RegisterResource, "type" | "name" | "inputs">>;

/** What a program in a test has to say. */
class ProgramContext {
  readonly monitor: Monitor;

  constructor(monitor: Monitor) {
    this.monitor = monitor;
  }

  async thing(name: string, inputs: PropertyMap = {}, options: Options = {}): Promise<RegisteredResource> {
    return await this.register("cloud:index:Thing", name, inputs, { custom: true, ...options });
  }

  async component(name: string, options: Options = {}): Promise<RegisteredResource> {
    const component = await this.register("test:index:Group", name, {}, { custom: false, ...options });
    await this.monitor.registerResourceOutputs(component.urn, {});
    return component;
  }

  async register(type: string, name: string, inputs: PropertyMap, options: Options): Promise<RegisteredResource> {
    return await this.monitor.registerResource({
      type,
      name,
      inputs,
      parent: STACK,
      custom: false,
      remote: false,
      dependencies: [],
      propertyDependencies: {},
      providers: {},
      ignoreChanges: [],
      replaceOnChanges: [],
      replaceWith: [],
      aliases: [],
      additionalSecretOutputs: [],
      supportsResultReporting: true,
      ...options,
    });
  }
}

export type Program = (context: ProgramContext) => Promise<PropertyMap | void>;

function sourceOf(program: Program): Source {
  return {
    async run(monitor) {
      const context = new ProgramContext(monitor);
      const { parent: _, ...stack } = { parent: STACK };
      await monitor.registerResource({
        ...stack,
        type: "pulumi:pulumi:Stack",
        name: "test-dev",
        inputs: {},
        custom: false,
        remote: false,
        dependencies: [],
        propertyDependencies: {},
        providers: {},
        ignoreChanges: [],
        replaceOnChanges: [],
        replaceWith: [],
        aliases: [],
        additionalSecretOutputs: [],
        supportsResultReporting: true,
      });
      await monitor.registerResourceOutputs(STACK, (await program(context)) ?? {});
    },
  };
}

export interface Run extends OperationResult {
  events: EngineEvent[];
  /** `<op> <name>` of each step that was through, in order; providers and the stack left out. */
  steps: string[];
  messages: string[];
}

export async function run(cloud: Cloud, store: Store, on: Partial<Operation> & { program?: Program }): Promise<Run> {
  const { program, ...options } = on;
  const events: EngineEvent[] = [];
  const result = await runOperation({
    kind: "update",
    organization: "organization",
    project: "test",
    stack: "dev",
    config: {},
    secretKeys: new Set(),
    ...(program ? { source: sourceOf(program) } : {}),
    providers: cloud.host(),
    store,
    parallel: 4,
    targets: [],
    targetDependents: false,
    replace: [],
    refresh: false,
    continueOnError: false,
    expectNoChanges: false,
    onEvent: (event) => events.push(event),
    signal: new AbortController().signal,
    ...options,
  });
  const steps = events.flatMap(({ resOutputsEvent }) => {
    const metadata = resOutputsEvent?.metadata;
    return metadata?.type === "cloud:index:Thing"
      ? [`${metadata.op} ${metadata.urn.slice(metadata.urn.lastIndexOf(":") + 1)}`]
      : [];
  });
  const messages = events.flatMap(({ diagnosticEvent }) => (diagnosticEvent ? [diagnosticEvent.message.trim()] : []));
  return { ...result, events, steps, messages };
}
