/** `pulumirpc.ResourceMonitor`: what a running program asks of the engine. */
import type grpc from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type callbackMessages from "@pulumi/pulumi/proto/callback_pb.js";
import providerMessages from "@pulumi/pulumi/proto/provider_pb.js";
import resourceServices from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import {
  MonitorClosed,
  type Monitor,
  type PropertyMap,
  type RegisterResource,
  type Urn,
} from "../contracts/contracts.ts";
import { containsUnknowns, outputDependencies } from "../values/properties.ts";
import { createAssetHasher } from "./assets.ts";
import {
  Callbacks,
  requireCallback,
  toErrorHook,
  toResourceHook,
  transformInvoke,
  transformResource,
} from "./callbacks.ts";
import { fromStruct, toStruct, unary } from "./grpc.ts";
import { accepted, FEATURES, givenOf, toStatus, withDependencies } from "./monitor-values.ts";
import { Packages } from "./packages.ts";
import { optionsOfRequest, toRegistration } from "./registration-request.ts";
import { SourcePositions } from "./source-positions.ts";

export interface DeploymentInfo {
  organization: string;
  project: string;
  stack: string;
  config: Record<string, string>;
  secretKeys: ReadonlySet<string>;
  /** The project's folder, for source positions. */
  root: string;
  /** The program's folder, for the relative paths of assets. */
  pwd: string;
}

/** The engine's side of one run of one program. */
export class MonitorService {
  readonly #info: DeploymentInfo;
  readonly #callbacks = new Callbacks();
  readonly #positions: SourcePositions;
  readonly #hashAssets: (map: PropertyMap) => Promise<PropertyMap>;
  readonly #packages = new Packages();
  readonly #parents = new Map<Urn, Urn>();
  readonly #transforms = new Map<Urn, callbackMessages.Callback[]>();
  readonly #stackTransforms: callbackMessages.Callback[] = [];
  readonly #invokeTransforms: callbackMessages.Callback[] = [];
  readonly #signalled = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  #monitor: Monitor | undefined;
  #run = { dryRun: false, parallel: 1 };

  constructor(info: DeploymentInfo) {
    this.#info = info;
    this.#positions = new SourcePositions(info.root);
    this.#hashAssets = createAssetHasher(info.pwd);
  }

  /** The program has nothing more to register. */
  get signalled(): Promise<void> {
    return this.#signalled.promise;
  }

  /** Lets a program end that waits for the operation to be over. */
  release(): void {
    this.#released.resolve();
    this.#callbacks.close();
  }

  begin(monitor: Monitor, run: { dryRun: boolean; parallel: number }): void {
    this.#monitor = monitor;
    this.#run = run;
  }

  addTo(server: grpc.Server): void {
    const handle = <Request, Response>(
      work: (request: Request) => Response | Promise<Response>,
    ): grpc.handleUnaryCall<Request, Response> => unary(work, toStatus);
    server.addService(resourceServices.ResourceMonitorService, {
      supportsFeature: handle((request: messages.SupportsFeatureRequest) => {
        const response = new messages.SupportsFeatureResponse();
        response.setHassupport(request.getId() in FEATURES);
        return response;
      }),
      getDeploymentInfo: handle(() => this.#deploymentInfo()),
      registerResource: handle((request: messages.RegisterResourceRequest) => this.#registerResource(request)),
      readResource: handle((request: messages.ReadResourceRequest) => this.#readResource(request)),
      registerResourceOutputs: handle(async (request: messages.RegisterResourceOutputsRequest) => {
        await this.#current.registerResourceOutputs(
          request.getUrn(),
          await this.#hashAssets(fromStruct(request.getOutputs())),
        );
        return new empty.Empty();
      }),
      invoke: handle((request: messages.ResourceInvokeRequest) => this.#invoke(request)),
      call: handle(() =>
        Promise.reject(
          new UserError(
            "Methods of component providers are not supported by the embedded engine; run this with the Pulumi CLI.",
          ),
        ),
      ),
      existsResource: handle(() =>
        Promise.reject(
          new UserError(
            "Looking up whether a resource exists is not supported by the embedded engine; run this with the Pulumi CLI.",
          ),
        ),
      ),
      registerStackTransform: handle((callback: callbackMessages.Callback) => {
        this.#stackTransforms.push(requireCallback(callback));
        return new empty.Empty();
      }),
      registerStackInvokeTransform: handle((callback: callbackMessages.Callback) => {
        this.#invokeTransforms.push(requireCallback(callback));
        return new empty.Empty();
      }),
      registerResourceHook: handle((request: messages.RegisterResourceHookRequest) => {
        this.#current.registerHook(toResourceHook(this.#callbacks, request));
        return new empty.Empty();
      }),
      registerErrorHook: handle((request: messages.RegisterErrorHookRequest) => {
        this.#current.registerErrorHook(toErrorHook(this.#callbacks, request));
        return new empty.Empty();
      }),
      registerPackage: handle((request: messages.RegisterPackageRequest) => this.#packages.register(request)),
      signalAndWaitForShutdown: handle(async () => {
        this.#signalled.resolve();
        await this.#released.promise;
        return new empty.Empty();
      }),
    });
  }

  get #current(): Monitor {
    if (!this.#monitor) throw new MonitorClosed();
    return this.#monitor;
  }

  #deploymentInfo(): messages.DeploymentInfo {
    const { organization, project, stack, config, secretKeys } = this.#info;
    const response = new messages.DeploymentInfo();
    response.setOrganization(organization);
    response.setProject(project);
    response.setStack(stack);
    for (const [key, value] of Object.entries(config)) response.getConfigMap().set(key, value);
    response.setConfigsecretkeysList([...secretKeys]);
    response.setDryrun(this.#run.dryRun);
    response.setParallel(this.#run.parallel);
    response.setSupportedfeaturesList(Object.values(FEATURES));
    return response;
  }

  async #registerResource(request: messages.RegisterResourceRequest): Promise<messages.RegisterResourceResponse> {
    if (request.getRemote())
      throw new UserError(
        `Component '${request.getType()}' comes from a component provider, which the embedded engine does not support; run this with the Pulumi CLI.`,
      );
    if (request.getStateMigrationsList().length > 0)
      throw new UserError("State migrations are not supported by the embedded engine; run this with the Pulumi CLI.");
    const own = request.getTransformsList();
    const registration = await this.#transformed(request, own);
    const { urn, id, outputs, result, unknown } = await this.#current.registerResource(
      this.#packages.complete(request.getPackageref(), registration),
    );
    this.#parents.set(urn, request.getParent());
    this.#transforms.set(urn, own);
    const known = request.getSupportspartialvalues()
      ? outputs
      : Object.fromEntries(Object.entries(outputs).filter(([, value]) => !containsUnknowns(value)));
    const response = new messages.RegisterResourceResponse();
    response.setUrn(urn);
    response.setId(id ?? "");
    response.setObject(toStruct(accepted(known, request)));
    // Newer SDKs know a third result, "skipped", which to a program is the same as a failure.
    response.setResult(result === "success" ? messages.Result.SUCCESS : messages.Result.FAIL);
    response.setUnknown(unknown);
    return response;
  }

  /** A resource's own transforms come first, then those of its parents, then the stack's. */
  async #transformed(
    request: messages.RegisterResourceRequest,
    own: callbackMessages.Callback[],
  ): Promise<RegisterResource> {
    const chain = [...own];
    for (let at = request.getParent(); at; at = this.#parents.get(at) ?? "")
      chain.push(...(this.#transforms.get(at) ?? []));
    chain.push(...this.#stackTransforms);
    const given = await this.#hashAssets(fromStruct(request.getObject()));
    const asGiven = toRegistration(request, optionsOfRequest(request), given, this.#positions);
    if (chain.length === 0) return asGiven;
    const subject = {
      name: request.getName(),
      type: request.getType(),
      custom: request.getCustom(),
      parent: request.getParent(),
    };
    let state = {
      properties: own.length > 0 ? withDependencies(given, asGiven) : given,
      options: optionsOfRequest(request),
    };
    for (const transform of chain)
      state = await transformResource(this.#callbacks, transform, { ...subject, ...state });
    const properties = await this.#hashAssets(state.properties);
    const registration = toRegistration(request, state.options, properties, this.#positions);
    if (own.length === 0) return registration;
    const propertyDependencies = Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, [...outputDependencies(value)]]),
    );
    return {
      ...registration,
      propertyDependencies,
      dependencies: [...new Set([...registration.dependencies, ...Object.values(propertyDependencies).flat()])],
    };
  }

  async #readResource(request: messages.ReadResourceRequest): Promise<messages.ReadResourceResponse> {
    const optional = {
      parent: request.getParent(),
      provider: request.getProvider(),
      version: request.getVersion(),
      pluginDownloadUrl: request.getPlugindownloadurl(),
    };
    const { urn, properties } = await this.#current.readResource(
      this.#packages.complete(request.getPackageref(), {
        type: request.getType(),
        name: request.getName(),
        id: request.getId(),
        ...givenOf(optional),
        properties: fromStruct(request.getProperties()),
        dependencies: request.getDependenciesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        ...this.#positions.of(request),
      }),
    );
    const response = new messages.ReadResourceResponse();
    response.setUrn(urn);
    response.setProperties(toStruct(accepted(properties, request)));
    return response;
  }

  async #invoke(request: messages.ResourceInvokeRequest): Promise<messages.ResourceInvokeResponse> {
    const token = request.getTok();
    const options = new messages.TransformInvokeOptions();
    options.setProvider(request.getProvider());
    options.setVersion(request.getVersion());
    options.setPluginDownloadUrl(request.getPlugindownloadurl());
    let state = { args: fromStruct(request.getArgs()), options };
    for (const transform of this.#invokeTransforms)
      state = await transformInvoke(this.#callbacks, transform, { token, ...state });
    const optional = {
      parent: request.getParent(),
      provider: state.options.getProvider(),
      version: state.options.getVersion(),
      pluginDownloadUrl: state.options.getPluginDownloadUrl(),
    };
    const answer = await this.#current.invoke(
      this.#packages.complete(request.getPackageref(), {
        token,
        args: state.args,
        ...givenOf(optional),
        dependsOn: request.getDependsonList(),
      }),
    );
    const response = new messages.ResourceInvokeResponse();
    if (answer.unknown) {
      response.setUnknown(true);
      return response;
    }
    // This one function has always given references, whether they were asked for or not.
    const keepsReferences = token === "pulumi:pulumi:getResource";
    response.setReturn(
      toStruct(accepted(answer.result, { getAcceptresources: () => keepsReferences || request.getAcceptresources() })),
    );
    response.setFailuresList(
      answer.failures.map(({ property, reason }) => {
        const failure = new providerMessages.CheckFailure();
        failure.setProperty(property);
        failure.setReason(reason);
        return failure;
      }),
    );
    return response;
  }
}
