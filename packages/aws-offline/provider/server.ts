/** `pulumirpc.ResourceProvider` over gRPC: messages in, messages out; the words are in `provider.ts`. */
import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { listenToOwnPeers } from "@pulumi-line-bot/kit/own-peer";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { readInputs, toAutonaming, toConfigDiff, toDiffResponse, toFailure, toNamed } from "./messages.ts";
import { secretsOf } from "@pulumi-line-bot/aws-resources/outputs";
import type { Provider } from "./provider.ts";
import { tryFindSchema } from "@pulumi-line-bot/aws-resources/schema";
import { fromStruct, toStruct } from "./wire.ts";

const { Empty } = emptyMessages;
/** The version of the real provider that this one stands in for. */
const VERSION = "7.48.0";

/** Any number of this user's engines may attach; they share the configuration, as they share the account. */
export async function serveProvider(provider: Provider): Promise<{ port: number; close(): Promise<void> }> {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(services.ResourceProviderService, toService(provider));
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = await listenToOwnPeers((socket) => injector.injectConnection(socket));
  return {
    port: listener.port,
    close: async () => {
      listener.close();
      server.forceShutdown();
    },
  };
}

function toService(provider: Provider): UntypedServiceImplementation {
  /** Whether the engine takes marks of secrets: it says so when it configures. */
  const session = { acceptsSecrets: true };
  const outputs = (token: string, attributes: Record<string, unknown>) => {
    const schema = tryFindSchema(token);
    return toStruct(attributes, session.acceptsSecrets && schema ? secretsOf(schema) : new Set());
  };
  return {
    handshake: unary(() => {
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(false);
      response.setAcceptResources(false);
      response.setAcceptOutputs(false);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    attach: unary(() => new Empty()),
    cancel: unary(() => new Empty()),
    getPluginInfo: unary(() => {
      const info = new pluginMessages.PluginInfo();
      info.setVersion(VERSION);
      return info;
    }),
    checkConfig: unary((request: messages.CheckRequest) => {
      const response = new messages.CheckResponse();
      response.setInputs(request.getNews());
      response.setFailuresList(provider.checkConfig(fromStruct(request.getNews())).map(toFailure));
      return response;
    }),
    diffConfig: unary((request: messages.DiffRequest) => toConfigDiff(request)),
    configure: unary((request: messages.ConfigureRequest) => {
      session.acceptsSecrets = request.getAcceptsecrets();
      provider.configure(fromStruct(request.getArgs()));
      const response = new messages.ConfigureResponse();
      response.setSupportspreview(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    check: unary((request: messages.CheckRequest) => {
      const named = toNamed(request);
      const { inputs, problems } = provider.check(named, fromStruct(request.getOlds()), fromStruct(request.getNews()), {
        logicalName: named.name,
        randomSeed: request.getRandomseed_asU8(),
        autonaming: toAutonaming(request),
      });
      const response = new messages.CheckResponse();
      response.setInputs(outputs(named.token, inputs));
      response.setFailuresList(
        problems.map(({ path, reason }) =>
          toFailure({ property: "", reason: `${reason}. Examine values at '${named.name}.${path}'.` }),
        ),
      );
      return response;
    }),
    diff: unary((request: messages.DiffRequest) => {
      const result = provider.diff(
        toNamed(request),
        fromStruct(request.getOlds()),
        fromStruct(request.getNews()),
        request.getIgnorechangesList(),
      );
      return toDiffResponse(result);
    }),
    create: unary(async (request: messages.CreateRequest) => {
      const named = toNamed(request);
      const made = await provider.create(named, fromStruct(request.getProperties()), request.getPreview());
      const response = new messages.CreateResponse();
      response.setId(made.id);
      response.setProperties(outputs(named.token, made.attributes));
      return response;
    }),
    read: unary((request: messages.ReadRequest) => {
      const named = toNamed(request);
      const found = provider.read(named, request.getId(), fromStruct(request.getProperties()));
      const response = new messages.ReadResponse();
      if (!found) return response;
      response.setId(found.id);
      response.setProperties(outputs(named.token, found.attributes));
      response.setInputs(
        outputs(named.token, readInputs(named.token, fromStruct(request.getInputs()), found.attributes)),
      );
      return response;
    }),
    update: unary(async (request: messages.UpdateRequest) => {
      const named = toNamed(request);
      const attributes = await provider.update(named, {
        id: request.getId(),
        olds: fromStruct(request.getOlds()),
        news: fromStruct(request.getNews()),
        ignoreChanges: request.getIgnorechangesList(),
        preview: request.getPreview(),
      });
      const response = new messages.UpdateResponse();
      response.setProperties(outputs(named.token, attributes));
      return response;
    }),
    delete: unary(async (request: messages.DeleteRequest) => {
      await provider.delete(toNamed(request), request.getId(), fromStruct(request.getProperties()));
      return new Empty();
    }),
    invoke: unary((request: messages.InvokeRequest) => {
      const response = new messages.InvokeResponse();
      response.setReturn(toStruct(provider.invoke(request.getTok(), fromStruct(request.getArgs()))));
      return response;
    }),
  };
}

/** An error's message is what the user reads; a stack would not help. */
function unary<Request, Response>(
  handle: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  const answer = async (request: Request, callback: sendUnaryData<Response>): Promise<void> => {
    try {
      callback(null, await handle(request));
    } catch (error) {
      callback({ code: status.UNKNOWN, details: messageOf(error) });
    }
  };
  return (call, callback) => void answer(call.request, callback);
}
