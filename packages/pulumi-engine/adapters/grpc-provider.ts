/** A provider behind `pulumirpc.ResourceProvider`. */
import grpc from "@grpc/grpc-js";
import type structs from "google-protobuf/google/protobuf/struct_pb.js";
import providerServices from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import {
  InitializationFailed,
  type DiffResult,
  type PropertyMap,
  type Provider,
  type UnconfiguredProvider,
} from "../contracts/contracts.ts";
import { containsSecrets, isSecret, markSecretsLike, secret } from "../values/properties.ts";
import {
  call,
  CHANNEL_OPTIONS,
  fromStruct,
  isServiceError,
  toStruct,
  type RequestOf,
  type ResponseOf,
} from "./grpc.ts";
import { initializationFailure, orUnimplemented, toConfigureError, toCoreError } from "./provider-errors.ts";
import { configureRequest, failuresOf, identify, toAutonamingOptions, toDiffResult } from "./provider-messages.ts";
import { forProvider, rejectUnknowns, restoreAssets, type Protocol } from "./provider-marshal.ts";

export type ProviderClient = providerServices.ResourceProviderClient;

type Method = "check" | "diff" | "create" | "read" | "update" | "delete" | "invoke";

export function connect(address: string): ProviderClient {
  return new providerServices.ResourceProviderClient(address, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
}

/** What the provider says of itself before it is configured; undefined if it is too old to be asked. */
export async function handshake(client: ProviderClient, engineAddress: string): Promise<Protocol | undefined> {
  const request = new messages.ProviderHandshakeRequest();
  request.setEngineAddress(engineAddress);
  request.setConfigureWithUrn(true);
  request.setInvokeWithPreview(true);
  try {
    const response = await call(client, "handshake", request);
    return {
      acceptsSecrets: response.getAcceptSecrets(),
      acceptsResources: response.getAcceptResources(),
      supportsPreview: true,
      supportsAutonaming: response.getSupportsAutonamingConfiguration(),
    };
  } catch (error) {
    if (isServiceError(error) && error.code === grpc.status.UNIMPLEMENTED) return undefined;
    throw error;
  }
}

/** `negotiated`: the outcome of a handshake; without one, the answer to `Configure` says what the provider takes. */
export function createGrpcProvider(client: ProviderClient, negotiated: Protocol | undefined): UnconfiguredProvider {
  // Configurations never were told about secrets or resources; the arguments of `Configure` are.
  const plain = { acceptsSecrets: false, acceptsResources: false };
  return {
    async checkConfig(urn, olds, news) {
      const request = new messages.CheckRequest();
      identify(request, urn);
      request.setOlds(toStruct(forProvider(olds, plain)));
      request.setNews(toStruct(forProvider(news, plain)));
      const response = await orUnimplemented(call(client, "checkConfig", request));
      if (!response) return { inputs: news, failures: [] };
      return { inputs: markSecretsLike(fromStruct(response.getInputs()), news), failures: failuresOf(response) };
    },
    async diffConfig(urn, oldInputs, oldOutputs, news) {
      const request = new messages.DiffRequest();
      identify(request, urn);
      request.setOldInputs(toStruct(forProvider(oldInputs, plain)));
      request.setOlds(toStruct(forProvider(oldOutputs, plain)));
      request.setNews(toStruct(forProvider(news, plain)));
      const response = await orUnimplemented(call(client, "diffConfig", request));
      return response ? toDiffResult(response) : { replaces: [], stables: [], diffs: [] };
    },
    async configure(urn, inputs) {
      const response = await call(client, "configure", configureRequest(urn, inputs)).catch(toConfigureError);
      const protocol = negotiated ?? {
        acceptsSecrets: response.getAcceptsecrets(),
        acceptsResources: response.getAcceptresources(),
        supportsPreview: response.getSupportspreview(),
        supportsAutonaming: response.getSupportsAutonamingConfiguration(),
      };
      return new GrpcProvider(client, protocol);
    },
  };
}

class GrpcProvider implements Provider {
  readonly supportsPreview: boolean;
  readonly #client: ProviderClient;
  readonly #protocol: Protocol;

  constructor(client: ProviderClient, protocol: Protocol) {
    this.#client = client;
    this.#protocol = protocol;
    this.supportsPreview = protocol.supportsPreview;
  }

  async check({
    urn,
    olds,
    news,
    randomSeed,
    autonaming,
  }: Parameters<Provider["check"]>[0]): ReturnType<Provider["check"]> {
    const request = new messages.CheckRequest();
    identify(request, urn);
    request.setOlds(this.#struct(olds));
    request.setNews(this.#struct(news));
    request.setRandomseed(randomSeed);
    if (autonaming && this.#protocol.supportsAutonaming === true)
      request.setAutonaming(toAutonamingOptions(autonaming));
    const response = await this.#call("check", request);
    return { inputs: this.#marked(response.getInputs(), news), failures: failuresOf(response) };
  }

  async diff({
    urn,
    id,
    oldInputs,
    oldOutputs,
    news,
    ignoreChanges,
  }: Parameters<Provider["diff"]>[0]): Promise<DiffResult> {
    const request = new messages.DiffRequest();
    identify(request, urn);
    request.setId(id);
    request.setOldInputs(this.#struct(oldInputs, { elideAssets: true }));
    request.setOlds(this.#struct(oldOutputs, { elideAssets: true }));
    request.setNews(this.#struct(news, { elideAssets: true }));
    request.setIgnorechangesList(ignoreChanges);
    return toDiffResult(await this.#call("diff", request));
  }

  async create({
    urn,
    news,
    timeoutSeconds,
    preview,
  }: Parameters<Provider["create"]>[0]): ReturnType<Provider["create"]> {
    const request = new messages.CreateRequest();
    identify(request, urn);
    request.setProperties(this.#struct(news, { dropUnknowns: !preview }));
    request.setTimeout(timeoutSeconds ?? 0);
    request.setPreview(preview);
    const response = await this.#call("create", request, news);
    const outputs = this.#marked(response.getProperties(), news);
    return { id: response.getId(), outputs: preview ? outputs : rejectUnknowns(outputs) };
  }

  async read({
    urn,
    id,
    inputs,
    outputs,
    timeoutSeconds,
  }: Parameters<Provider["read"]>[0]): ReturnType<Provider["read"]> {
    const request = new messages.ReadRequest();
    identify(request, urn);
    request.setId(id);
    request.setInputs(this.#struct(inputs, { elideAssets: true, dropUnknowns: true }));
    request.setProperties(this.#struct(outputs, { elideAssets: true, dropUnknowns: true }));
    request.setTimeout(timeoutSeconds ?? 0);
    const response = await this.#call("read", request, outputs, inputs);
    if (!response.hasProperties()) return undefined;
    const live = restoreAssets(inputs, rejectUnknowns(this.#marked(response.getProperties(), outputs)));
    const liveInputs = response.hasInputs()
      ? restoreAssets(inputs, rejectUnknowns(this.#marked(response.getInputs(), inputs)))
      : undefined;
    return { id: response.getId(), outputs: live, ...(liveInputs ? { inputs: liveInputs } : {}) };
  }

  async update(update: Parameters<Provider["update"]>[0]): ReturnType<Provider["update"]> {
    const { urn, id, oldInputs, oldOutputs, news, ignoreChanges, timeoutSeconds, preview } = update;
    const request = new messages.UpdateRequest();
    identify(request, urn);
    request.setId(id);
    request.setOldInputs(this.#struct(oldInputs, { elideAssets: true }));
    request.setOlds(this.#struct(oldOutputs, { elideAssets: true }));
    request.setNews(this.#struct(news, { dropUnknowns: !preview }));
    request.setIgnorechangesList(ignoreChanges);
    request.setTimeout(timeoutSeconds ?? 0);
    request.setPreview(preview);
    const response = await this.#call("update", request, news);
    const outputs = this.#marked(response.getProperties(), news);
    return { outputs: preview ? outputs : rejectUnknowns(outputs) };
  }

  async delete({ urn, id, oldInputs, oldOutputs, timeoutSeconds }: Parameters<Provider["delete"]>[0]): Promise<void> {
    const request = new messages.DeleteRequest();
    identify(request, urn);
    request.setId(id);
    request.setOldInputs(this.#struct(oldInputs, { elideAssets: true }));
    request.setProperties(this.#struct(oldOutputs, { elideAssets: true }));
    request.setTimeout(timeoutSeconds ?? 0);
    await this.#call("delete", request);
  }

  async invoke({ token, args, preview }: Parameters<Provider["invoke"]>[0]): ReturnType<Provider["invoke"]> {
    const request = new messages.InvokeRequest();
    request.setTok(token);
    request.setArgs(this.#struct(args, { dropUnknowns: true }));
    request.setPreview(preview);
    let response: messages.InvokeResponse;
    try {
      response = await this.#call("invoke", request);
    } catch (error) {
      throw new Error(`invocation of ${token} returned an error: ${messageOf(error)}`, { cause: error });
    }
    let result = rejectUnknowns(fromStruct(response.getReturn()));
    // Which part of the answer tells the secret nobody knows, so all of it counts as one.
    if (containsSecrets(args) && !this.#protocol.acceptsSecrets)
      result = Object.fromEntries(
        Object.entries(result).map(([key, value]) => [key, isSecret(value) ? value : secret(value)]),
      );
    return { result, failures: failuresOf(response) };
  }

  #struct(map: PropertyMap, options: { dropUnknowns?: boolean; elideAssets?: boolean } = {}): structs.Struct {
    return toStruct(forProvider(map, { ...this.#protocol, ...options }));
  }

  /** Its answer, with those secrets marked that it did not know of. */
  #marked(struct: structs.Struct | undefined, like: PropertyMap): PropertyMap {
    const map = fromStruct(struct);
    return this.#protocol.acceptsSecrets ? map : markSecretsLike(map, like);
  }

  async #call<Name extends Method>(
    name: Name,
    request: RequestOf<ProviderClient[Name]>,
    like: PropertyMap = {},
    likeInputs: PropertyMap = like,
  ): Promise<ResponseOf<ProviderClient[Name]>> {
    try {
      return await call(this.#client, name, request);
    } catch (error) {
      if (!isServiceError(error)) throw error;
      const failed = initializationFailure(error);
      if (!failed) throw toCoreError(error);
      const inputs = failed.getInputs();
      throw new InitializationFailed({
        id: failed.getId(),
        properties: this.#marked(failed.getProperties(), like),
        ...(inputs ? { inputs: this.#marked(inputs, likeInputs) } : {}),
        reasons: failed.getReasonsList(),
      });
    }
  }
}
