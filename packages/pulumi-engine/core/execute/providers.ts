/**
 * The providers of an operation. A provider is a resource itself: its check and diff are asked of an unconfigured
 * provider, its create and update configure one.
 */
import { randomUUID } from "node:crypto";
import {
  DiffUnavailable,
  type DiffResult,
  type Provider,
  type PropertyMap,
  type ResourceState,
  type UnconfiguredProvider,
  type Urn,
} from "../../contracts/contracts.ts";
import { createBuiltinProvider } from "./builtins.ts";
import type { Deployment } from "../deployment.ts";
import { forcesReplacement } from "../../values/property-diff.ts";
import { containsUnknowns, equal, UNKNOWN } from "../../values/properties.ts";
import { inputsOf } from "../../values/state.ts";
import { Slots } from "../../slots.ts";
import type { Step } from "../steps.ts";
import { isProviderType, packageOfProvider, parseProviderRef, parseUrn, providerRef } from "../../values/urn.ts";

/** The engine's own notes among a provider's inputs; the provider does not see them. */
const INTERNAL = "__internal";

export class Providers {
  readonly #deployment: Deployment;
  readonly #configured = new Map<string, Provider>();
  readonly #unconfigured = new Map<Urn, UnconfiguredProvider>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #aliases = new Map<Urn, Urn>();
  readonly #questions = new Slots(MAX_QUESTIONS);
  /** What is asked about a provider resource. */
  readonly registry: Provider;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.registry = this.#createRegistry();
  }

  tryFind(ref: string): Provider | undefined {
    return this.#configured.get(ref);
  }

  forStep(step: Step): Provider {
    if (isProviderType(step.type)) return this.registry;
    const provider = step.provider === undefined ? undefined : this.#configured.get(step.provider);
    if (!provider) throw new Error(`unknown provider '${step.provider ?? ""}' for resource ${step.urn}`);
    return provider;
  }

  /** Resources may still refer to a renamed provider by its former name. */
  alias(urn: Urn, former: Urn): void {
    this.#aliases.set(urn, former);
  }

  /** Makes the provider that a resource of the former deployment refers to ready for use. */
  async ensure(ref: string | undefined): Promise<void> {
    if (ref === undefined || this.#configured.has(ref)) return;
    const { urn, id } = parseProviderRef(ref);
    const state = this.#deployment.base.find((held) => held.state.urn === urn && held.state.id === id)?.state;
    if (!state) throw new Error(`could not find provider ${ref}`);
    const loading = this.#loading.get(ref) ?? this.same(state, false);
    this.#loading.set(ref, loading);
    await loading;
  }

  /** Configures a provider as its state says. `checked`: the instance that was asked for its check can be used. */
  async same(state: ResourceState, checked: boolean): Promise<void> {
    const { urn, id } = state;
    if (!id || id === UNKNOWN) throw new Error(`provider '${urn}' has an unknown ID`);
    if (!this.#configured.has(providerRef(urn, id))) await this.#bringUp(urn, id, inputsOf(state), checked);
  }

  /** @returns the outputs of the provider resource: what it is configured with */
  async #bringUp(urn: Urn, id: string, inputs: PropertyMap, checked = true): Promise<PropertyMap> {
    const provider = (checked ? this.#takeUnconfigured(urn) : undefined) ?? (await this.#open(urn, inputs));
    const config = withoutInternal(inputs);
    this.#set(providerRef(urn, id), containsUnknowns(config) ? NOT_CONFIGURED : await provider.configure(urn, config));
    return config;
  }

  async #open(urn: Urn, inputs: PropertyMap): Promise<UnconfiguredProvider> {
    const pkg = packageOfProvider(parseUrn(urn).type);
    if (pkg === "pulumi") return createBuiltinProvider(this.#deployment);
    const version = typeof inputs["version"] === "string" ? inputs["version"] : undefined;
    return await this.#deployment.operation.providers.open(pkg, version, this.#deployment.reporter.log);
  }

  #set(ref: string, opened: Provider): void {
    const provider = withFewQuestions(opened, this.#questions);
    this.#configured.set(ref, provider);
    const { urn, id } = parseProviderRef(ref);
    const former = this.#aliases.get(urn);
    if (former) this.#configured.set(providerRef(former, id), provider);
  }

  #takeUnconfigured(urn: Urn): UnconfiguredProvider | undefined {
    const provider = this.#unconfigured.get(urn);
    this.#unconfigured.delete(urn);
    return provider;
  }

  /** Whether a change from one provider to another changes the resources that it manages. */
  async diffConfig(fresh: Urn, old: ResourceState, news: PropertyMap): Promise<DiffResult> {
    const provider = await this.#open(fresh, news);
    return await provider.diffConfig(fresh, withoutInternal(inputsOf(old)), old.outputs ?? {}, withoutInternal(news));
  }

  #createRegistry(): Provider {
    return {
      supportsPreview: true,
      check: async ({ urn, olds, news }) => {
        const provider = await this.#open(urn, news);
        const { inputs, failures } = await provider.checkConfig(urn, withoutInternal(olds), withoutInternal(news));
        if (failures.length > 0) return { inputs, failures };
        this.#unconfigured.set(urn, provider);
        const kept = Object.fromEntries(
          ["version", INTERNAL].flatMap((key) => (news[key] === undefined ? [] : [[key, news[key]]])),
        );
        return { inputs: { ...inputs, ...kept }, failures };
      },
      diff: async ({ urn, id, oldInputs, oldOutputs, news }) => {
        const provider = this.#unconfigured.get(urn) ?? (await this.#open(urn, news));
        const diff = await provider.diffConfig(urn, withoutInternal(oldInputs), oldOutputs, withoutInternal(news));
        if (forcesReplacement(diff)) this.#unconfigured.delete(urn);
        // Without an opinion of the provider's own, what it was configured with counts.
        return diff.changes === undefined
          ? { ...diff, changes: !equal(oldOutputs, withoutInternal(news)) || id === "" }
          : diff;
      },
      create: async ({ urn, news, preview }) => {
        const id = preview ? UNKNOWN : randomUUID();
        return { id, outputs: await this.#bringUp(urn, id, news) };
      },
      update: async ({ urn, id, news }) => ({ outputs: await this.#bringUp(urn, id, news) }),
      delete: ({ urn, id }) => {
        this.#configured.delete(providerRef(urn, id));
        return Promise.resolve();
      },
      read: () => Promise.reject(new Error("provider resources may not be read")),
      invoke: () => Promise.reject(new Error("a provider resource has no functions")),
    };
  }
}

/** A program may register a thousand resources at once; no provider is the faster for a thousand checks at once. */
const MAX_QUESTIONS = 32;

function withFewQuestions(provider: Provider, questions: Slots): Provider {
  return {
    supportsPreview: provider.supportsPreview,
    check: (request) => questions.run(() => provider.check(request)),
    diff: (request) => questions.run(() => provider.diff(request)),
    create: (request) => provider.create(request),
    read: (request) => provider.read(request),
    update: (request) => provider.update(request),
    delete: (request) => provider.delete(request),
    invoke: (request) => provider.invoke(request),
  };
}

function withoutInternal(inputs: PropertyMap): PropertyMap {
  const { [INTERNAL]: _, ...rest } = inputs;
  return rest;
}

/** Stands in for a provider whose configuration is not known yet, in a preview. */
const NOT_CONFIGURED: Provider = {
  supportsPreview: true,
  check: ({ news }) => Promise.resolve({ inputs: news, failures: [] }),
  diff: () =>
    Promise.reject(
      new DiffUnavailable(
        "The provider for this resource has inputs that are not known during preview.\n" +
          "This preview may not correctly represent the changes that will be applied during an update.",
      ),
    ),
  create: () => Promise.resolve({ id: "", outputs: {} }),
  update: () => Promise.resolve({ outputs: {} }),
  read: ({ id }) => Promise.resolve({ id, inputs: {}, outputs: {} }),
  delete: () => Promise.reject(new Error("a provider that is not configured cannot delete")),
  invoke: () => Promise.resolve({ result: {}, failures: [] }),
};
