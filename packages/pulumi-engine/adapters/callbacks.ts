/** Functions of the program that the engine calls: transforms and hooks, over `pulumirpc.Callbacks`. */
import grpc from "@grpc/grpc-js";
import callbackServices from "@pulumi/pulumi/proto/callback_grpc_pb.js";
import callbackMessages from "@pulumi/pulumi/proto/callback_pb.js";
import resourceMessages from "@pulumi/pulumi/proto/resource_pb.js";
import aliasMessages from "@pulumi/pulumi/proto/alias_pb.js";
import type { ErrorHook, HookArgs, PropertyMap, ResourceHook, ResourceState } from "../contracts/contracts.ts";
import { call, CHANNEL_OPTIONS, fromStruct, toStruct } from "./grpc.ts";
import { HOOK_LISTS } from "./registration-request.ts";

export class Callbacks {
  readonly #clients = new Map<string, callbackServices.CallbacksClient>();

  async invoke(callback: callbackMessages.Callback, request: Uint8Array): Promise<Uint8Array> {
    const message = new callbackMessages.CallbackInvokeRequest();
    message.setToken(callback.getToken());
    message.setRequest(request);
    const client = this.#client(callback.getTarget());
    return (await call(client, "invoke", message)).getResponse_asU8();
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #client(target: string): callbackServices.CallbacksClient {
    const known = this.#clients.get(target);
    if (known) return known;
    const client = new callbackServices.CallbacksClient(target, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
    this.#clients.set(target, client);
    return client;
  }
}

export interface Transformed {
  properties: PropertyMap;
  options: resourceMessages.TransformResourceOptions;
}

export async function transformResource(
  callbacks: Callbacks,
  callback: callbackMessages.Callback,
  on: { name: string; type: string; custom: boolean; parent: string } & Transformed,
): Promise<Transformed> {
  const request = new resourceMessages.TransformRequest();
  request.setName(on.name);
  request.setType(on.type);
  request.setCustom(on.custom);
  request.setParent(on.parent);
  request.setProperties(toStruct(on.properties));
  request.setOptions(on.options);
  const answer = resourceMessages.TransformResponse.deserializeBinary(
    await callbacks.invoke(callback, request.serializeBinary()),
  );
  const properties = answer.getProperties();
  return {
    properties: properties ? fromStruct(properties) : on.properties,
    options: answer.getOptions() ?? on.options,
  };
}

export async function transformInvoke(
  callbacks: Callbacks,
  callback: callbackMessages.Callback,
  on: { token: string; args: PropertyMap; options: resourceMessages.TransformInvokeOptions },
): Promise<{ args: PropertyMap; options: resourceMessages.TransformInvokeOptions }> {
  const request = new resourceMessages.TransformInvokeRequest();
  request.setToken(on.token);
  request.setArgs(toStruct(on.args));
  request.setOptions(on.options);
  const answer = resourceMessages.TransformInvokeResponse.deserializeBinary(
    await callbacks.invoke(callback, request.serializeBinary()),
  );
  const args = answer.getArgs();
  return { args: args ? fromStruct(args) : on.args, options: answer.getOptions() ?? on.options };
}

export function toResourceHook(
  callbacks: Callbacks,
  request: resourceMessages.RegisterResourceHookRequest,
): ResourceHook {
  const callback = requireCallback(request.getCallback());
  return {
    name: request.getName(),
    onDryRun: request.getOnDryRun(),
    ignoreErrors: request.getIgnoreErrors(),
    run: async (args) => {
      const message = new resourceMessages.ResourceHookRequest();
      describe(message, args);
      const { newOutputs } = args;
      if (newOutputs) message.setNewOutputs(toStruct(newOutputs));
      const answer = resourceMessages.ResourceHookResponse.deserializeBinary(
        await callbacks.invoke(callback, message.serializeBinary()),
      );
      if (answer.getError()) throw new Error(answer.getError());
    },
  };
}

export function toErrorHook(callbacks: Callbacks, request: resourceMessages.RegisterErrorHookRequest): ErrorHook {
  const callback = requireCallback(request.getCallback());
  return {
    name: request.getName(),
    run: async (args) => {
      const message = new resourceMessages.ErrorHookRequest();
      describe(message, args);
      message.setFailedOperation(args.failedOperation);
      message.setErrorsList(args.errors);
      const answer = resourceMessages.ErrorHookResponse.deserializeBinary(
        await callbacks.invoke(callback, message.serializeBinary()),
      );
      if (answer.getError()) throw new Error(answer.getError());
      return answer.getRetry();
    },
  };
}

export function requireCallback(callback: callbackMessages.Callback | undefined): callbackMessages.Callback {
  if (!callback?.getTarget()) throw new Error("a callback needs a target");
  return callback;
}

function describe(
  message: resourceMessages.ResourceHookRequest | resourceMessages.ErrorHookRequest,
  args: HookArgs,
): void {
  message.setUrn(args.urn);
  message.setId(args.id);
  message.setName(args.name);
  message.setType(args.type);
  if (args.newInputs) message.setNewInputs(toStruct(args.newInputs));
  if (args.oldInputs) message.setOldInputs(toStruct(args.oldInputs));
  if (args.oldOutputs) message.setOldOutputs(toStruct(args.oldOutputs));
  if (args.newState) message.setNewOptions(optionsOf(args.newState));
  if (args.oldState) message.setOldOptions(optionsOf(args.oldState));
}

/** The options of a resource, as its state remembers them. */
function optionsOf(state: ResourceState): resourceMessages.ResourceOptions {
  const options = new resourceMessages.ResourceOptions();
  options.setDependsOnList(state.dependencies ?? []);
  options.setProtect(state.protect ?? false);
  options.setRetainOnDelete(state.retainOnDelete ?? false);
  options.setIgnoreChangesList(state.ignoreChanges ?? []);
  options.setReplaceOnChangesList(state.replaceOnChanges ?? []);
  options.setReplaceWithList(state.replaceWith ?? []);
  options.setAdditionalSecretOutputsList(state.additionalSecretOutputs ?? []);
  options.setProvider(state.provider ?? "");
  options.setDeletedWith(state.deletedWith ?? "");
  options.setImport(state.importID ?? "");
  options.setParent(state.parent ?? "");
  options.setAliasesList(
    (state.aliases ?? []).map((urn) => {
      const alias = new aliasMessages.Alias();
      alias.setUrn(urn);
      return alias;
    }),
  );
  if (state.customTimeouts) {
    const timeouts = new resourceMessages.RegisterResourceRequest.CustomTimeouts();
    const { create, update, delete: remove } = state.customTimeouts;
    if (create) timeouts.setCreate(`${create}s`);
    if (update) timeouts.setUpdate(`${update}s`);
    if (remove) timeouts.setDelete(`${remove}s`);
    options.setCustomTimeouts(timeouts);
  }
  if (state.resourceHooks) {
    const binding = new resourceMessages.RegisterResourceRequest.ResourceHooksBinding();
    for (const [kind, { set }] of Object.entries(HOOK_LISTS)) set(binding, state.resourceHooks[kind] ?? []);
    options.setHooks(binding);
  }
  return options;
}
