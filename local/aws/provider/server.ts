/** `pulumirpc.ResourceProvider` over gRPC: messages in, messages out; the words are in `provider.ts`. */
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { handleUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import type { Autonaming } from "./naming.ts";
import type { Difference } from "./compare.ts";
import { secretsOf } from "./outputs.ts";
import type { Provider } from "./provider.ts";
import { tryFindSchema } from "./schema.ts";
import { fromStruct, toStruct } from "./wire.ts";

const { Empty } = emptyMessages;
type Empty = emptyMessages.Empty;
const VERSION = "7.48.0";
const MODES = ["propose", "enforce", "disable"] as const;

/** What one engine says to the provider after attaching: whether it takes secrets. */
interface Session {
  acceptsSecrets: boolean;
}

/** Each engine that attaches gets a configured provider of its own by `open`. */
export async function serveProvider(open: () => Provider): Promise<{ port: number; close(): Promise<void> }> {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(services.ResourceProviderService, toService(open()));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    close: async () => {
      server.forceShutdown();
    },
  };
}

function toService(provider: Provider): UntypedServiceImplementation {
  const session: Session = { acceptsSecrets: true };
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
    getSchema: unary(() => {
      const response = new messages.GetSchemaResponse();
      response.setSchema("{}");
      return response;
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
      const response = new messages.DiffResponse();
      const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
      response.setChanges(result.changed.length > 0 ? DIFF_SOME : DIFF_NONE);
      response.setDiffsList(result.changed);
      response.setReplacesList(result.replaces);
      response.setStablesList(result.stables);
      response.setDeletebeforereplace(result.deleteBeforeReplace);
      response.setHasdetaileddiff(true);
      for (const difference of result.differences)
        response.getDetaileddiffMap().set(difference.path, toPropertyDiff(difference));
      return response;
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
    getMapping: unary(() => new messages.GetMappingResponse()),
    getMappings: unary(() => new messages.GetMappingsResponse()),
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
      callback({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
    }
  };
  return (call, callback) => void answer(call.request, callback);
}

function toNamed(request: { getUrn(): string }): { token: string; name: string } {
  // urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>; a name may hold "::" itself.
  const [, , types = "", ...name] = request.getUrn().split("::");
  return { token: types.split("$").at(-1) ?? "", name: name.join("::") };
}

function toFailure({ property, reason }: { property: string; reason: string }): messages.CheckFailure {
  const failure = new messages.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

function toAutonaming(request: messages.CheckRequest): Autonaming | undefined {
  const options = request.getAutonaming();
  return options && { mode: MODES[options.getMode()] ?? "propose", proposedName: options.getProposedName() };
}

function toPropertyDiff({ kind, replaces }: Difference): messages.PropertyDiff {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = messages.PropertyDiff.Kind;
  const kinds = { add: [ADD, ADD_REPLACE], delete: [DELETE, DELETE_REPLACE], update: [UPDATE, UPDATE_REPLACE] };
  const difference = new messages.PropertyDiff();
  difference.setKind((replaces ? kinds[kind][1] : kinds[kind][0]) as messages.PropertyDiff.Kind);
  return difference;
}

/** Another region means other resources; all else is an update of the provider. */
function toConfigDiff(request: messages.DiffRequest): messages.DiffResponse {
  const [olds, news] = [fromStruct(request.getOldInputs() ?? request.getOlds()), fromStruct(request.getNews())];
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])]
    .filter((name) => JSON.stringify(olds[name]) !== JSON.stringify(news[name]))
    .sort();
  const response = new messages.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
  response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(changed);
  return response;
}

/** The inputs that a refresh sets: what the program gave, as the service has it now; after an import, all there is. */
function readInputs(
  token: string,
  inputs: Record<string, unknown>,
  attributes: Record<string, unknown>,
): Record<string, unknown> {
  const fields = tryFindSchema(token)?.inputs ?? {};
  const isImport = Object.keys(inputs).length === 0;
  const names = isImport ? Object.keys(fields).filter((name) => attributes[name] !== undefined) : Object.keys(inputs);
  const found = names.map((name) => [name, name in fields && name in attributes ? attributes[name] : inputs[name]]);
  return { __defaults: [], ...Object.fromEntries(found) };
}
