/** The core's side of a running program: completes what it asks for, and hands it on. */
import {
  MonitorClosed,
  type Invoke,
  type InvokeResult,
  type Monitor,
  type PropertyMap,
  type ReadResource,
  type RegisteredResource,
  type RegisterResource,
  type Urn,
} from "../contracts/contracts.ts";
import { goalOfDefaultProvider, isDenied, keyOfRequest, type PackageRequest } from "./plan/default-providers.ts";
import type { Deployment } from "./deployment.ts";
import type { Executor } from "./execute/executor.ts";
import { outputDependencies, withoutOutputs } from "../values/properties.ts";
import type { Registrar } from "./registrar.ts";
import type { Goal } from "./resource-state.ts";
import { outputsOf } from "../values/state.ts";
import {
  isProviderType,
  isRootStack,
  packageOf,
  packageOfProvider,
  parseProviderRef,
  parseUrn,
  providerRef,
} from "../values/urn.ts";

interface Wanted {
  provider?: string | undefined;
  providers?: Record<string, string>;
  parent?: Urn;
  version?: string | undefined;
  pluginDownloadUrl?: string | undefined;
}

export class DeploymentMonitor implements Monitor {
  /** They are set at the very end, when it is known whether all went well. */
  stackOutputs: { urn: Urn; outputs: PropertyMap } | undefined;
  readonly #deployment: Deployment;
  readonly #registrar: Registrar;
  readonly #executor: Executor;
  readonly #goals = new Map<Urn, Goal>();
  readonly #defaultProviders = new Map<string, Promise<string>>();
  readonly #unresolved = new Set<Urn>();
  readonly #closed: Promise<never>;

  constructor(deployment: Deployment, registrar: Registrar, executor: Executor) {
    this.#deployment = deployment;
    this.#registrar = registrar;
    this.#executor = executor;
    this.#closed = deployment.whenStopped.then(() => {
      throw new MonitorClosed();
    });
    // Each call that races with it hears of it; there may be none.
    this.#closed.catch(() => undefined);
  }

  registerResource: Monitor["registerResource"] = (request) => this.#untilStopped(this.#register(request));
  readResource: Monitor["readResource"] = (request) => this.#untilStopped(this.#read(request));
  invoke: Monitor["invoke"] = (request) => this.#untilStopped(this.#invoke(request));
  registerHook: Monitor["registerHook"] = (hook) => this.#deployment.hooks.register(hook);
  registerErrorHook: Monitor["registerErrorHook"] = (hook) => this.#deployment.hooks.registerError(hook);
  log: Monitor["log"] = (message) => this.#deployment.reporter.log(message);

  async #register(request: RegisterResource): Promise<RegisteredResource> {
    const goal = await this.#complete(this.#inherit(request));
    const { held, result, unknown } = await this.#registrar.register(goal);
    const { urn, id } = held.state;
    if (result !== "success" && !request.supportsResultReporting) throw new Error("resource registration failed");
    this.#goals.set(urn, goal);
    if (goal.custom && !id) this.#unresolved.add(urn);
    // A component's outputs are those of its last run until it tells new ones: they may name what is not there yet.
    const outputs = goal.custom ? outputsOf(held.state) : {};
    return { urn, ...(id === undefined ? {} : { id }), outputs, propertyDependencies: {}, result, unknown };
  }

  async #read({ version, pluginDownloadUrl, properties, ...request }: ReadResource) {
    // What holds for the children of a component is not asked here.
    const provider = await this.#providerOf({ provider: request.provider, version, pluginDownloadUrl }, request.type);
    const { held } = await this.#registrar.read({ ...request, inputs: withoutOutputs(properties), provider });
    return { urn: held.state.urn, properties: outputsOf(held.state) };
  }

  async registerResourceOutputs(urn: Urn, outputs: PropertyMap): Promise<void> {
    const known = withoutOutputs(outputs);
    if (isRootStack(urn)) this.#setStackOutputs(urn, known);
    else await this.#untilStopped(this.#executor.registerOutputs(urn, known));
  }

  #setStackOutputs(urn: Urn, outputs: PropertyMap): void {
    if (this.#deployment.stopped.aborted) throw new MonitorClosed();
    this.stackOutputs = { urn, outputs };
  }

  async #invoke(request: Invoke): Promise<InvokeResult> {
    const { token, args } = request;
    const ref = await this.#providerOf(request, token);
    const provider = this.#deployment.providers.tryFind(ref);
    if (!provider) throw new Error(`unknown provider '${ref}' for function '${token}'`);
    if (request.dependsOn.some((urn) => this.#isUnresolved(urn))) return { result: {}, failures: [], unknown: true };
    return await provider.invoke({ token, args: withoutOutputs(args), preview: this.#deployment.dryRun });
  }

  /** An operation that has stopped answers nobody any more. */
  async #untilStopped<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#closed]);
  }

  /** Protection, fate and provider of a parent hold for its children, unless they say otherwise. */
  #inherit(request: RegisterResource): RegisterResource {
    const parent = request.parent === undefined ? undefined : this.#goals.get(request.parent);
    if (!parent) return request;
    const deletedWith = request.deletedWith || parent.deletedWith;
    const protect = request.protect ?? parent.protect;
    const retainOnDelete = request.retainOnDelete ?? parent.retainOnDelete;
    const fits =
      parent.provider &&
      packageOfProvider(parseUrn(parseProviderRef(parent.provider).urn).type) === packageOf(request.type);
    const provider = request.provider || (fits ? parent.provider : undefined);
    return {
      ...request,
      ...(deletedWith ? { deletedWith } : {}),
      ...(protect === undefined ? {} : { protect }),
      ...(retainOnDelete === undefined ? {} : { retainOnDelete }),
      ...(provider ? { provider } : {}),
      ...(request.custom ? {} : { providers: { ...parent.providers, ...request.providers } }),
    };
  }

  async #complete(request: RegisterResource): Promise<Goal> {
    const { provider: _, ...rest } = request;
    const { custom, type, dependencies, inputs } = request;
    const provider = custom && !isProviderType(type) ? await this.#providerOf(request, type) : undefined;
    const named = Object.keys(request.propertyDependencies).length > 0;
    const propertyDependencies: Record<string, Urn[]> = {};
    for (const key of new Set([...Object.keys(inputs), ...Object.keys(request.propertyDependencies)])) {
      const own = named ? (request.propertyDependencies[key] ?? []) : dependencies;
      propertyDependencies[key] = [...new Set([...own, ...outputDependencies(inputs[key] ?? null)])];
    }
    return {
      ...rest,
      ...(provider ? { provider } : {}),
      dependencies: [...new Set(dependencies)],
      propertyDependencies,
      inputs: this.#withProviderNotes(request, withoutOutputs(inputs)),
    };
  }

  /** A provider resource keeps which plugin it is among its inputs. */
  #withProviderNotes(
    { type, version, pluginDownloadUrl, envVarMappings }: RegisterResource,
    inputs: PropertyMap,
  ): PropertyMap {
    const internal = {
      ...(pluginDownloadUrl ? { pluginDownloadURL: pluginDownloadUrl } : {}),
      ...(envVarMappings && Object.keys(envVarMappings).length > 0 ? { envVarMappings } : {}),
    };
    if (!isProviderType(type) || (!version && Object.keys(internal).length === 0)) return inputs;
    return { ...inputs, __internal: internal, ...(version ? { version } : {}) };
  }

  /** The provider of a resource or a function: the one it names, the one its component has for the package, or the default one. */
  async #providerOf(
    { provider, providers, parent, version, pluginDownloadUrl }: Wanted,
    what: string,
  ): Promise<string> {
    const pkg = packageOf(what);
    const given = provider || providers?.[pkg] || this.#goals.get(parent ?? "")?.providers[pkg];
    return given || (await this.#defaultProvider({ pkg, version, pluginDownloadUrl }, what));
  }

  async #defaultProvider(request: PackageRequest, what: string): Promise<string> {
    const { operation } = this.#deployment;
    if (isDenied(operation, request.pkg))
      throw new Error(`Default provider for '${request.pkg}' disabled. '${what}' must use an explicit provider.`);
    const key = keyOfRequest(request);
    let found = this.#defaultProviders.get(key);
    if (!found) {
      found = this.#registrar
        .register(goalOfDefaultProvider(operation, request))
        .then(({ held }) => providerRef(held.state.urn, held.state.id ?? ""));
      this.#defaultProviders.set(key, found);
    }
    return await found;
  }

  /** In a preview: the resource, or one that is part of it as a component, does not exist yet. */
  #isUnresolved(urn: Urn): boolean {
    if (this.#unresolved.has(urn)) return true;
    const parentOf = (child: Urn): Goal | undefined => this.#goals.get(this.#goals.get(child)?.parent ?? "");
    return [...this.#unresolved].some((unresolved) => {
      for (let at = unresolved; parentOf(at)?.custom === false; at = this.#goals.get(at)?.parent ?? "")
        if (this.#goals.get(at)?.parent === urn) return true;
      return false;
    });
  }
}
