/** What the gRPC adapters share: values between JSON and protobuf, calls as promises, a server on loopback. */
import grpc from "@grpc/grpc-js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { listenToOwnPeers } from "@pulumi-line-bot/kit/own-peer";
import type { PropertyMap, PropertyValue } from "../contracts/contracts.ts";

/**
 * State files and archives can be far larger than gRPC's default of 4 MB. Retries and statistics cost memory for every
 * call, of which there may be thousands at a time, and serve nobody on loopback.
 */
export const CHANNEL_OPTIONS = {
  "grpc.enable_channelz": 0,
  "grpc.enable_retries": 0,
  "grpc.max_receive_message_length": 1024 * 1024 * 400,
  "grpc.max_send_message_length": 1024 * 1024 * 400,
};

export function fromStruct(struct: structs.Struct | undefined): PropertyMap {
  return struct?.toJavaScript() ?? {};
}

export function toStruct(map: PropertyMap): structs.Struct {
  return structs.Struct.fromJavaScript(map);
}

export function fromValue(value: structs.Value): PropertyValue {
  return value.toJavaScript();
}

/** A map of a message. Its own list of entries holds its values undecoded. */
export function entriesOf<V>(map: {
  forEach(visit: (value: V, key: string) => void): void;
}): [key: string, value: V][] {
  const entries: [string, V][] = [];
  map.forEach((value, key) => entries.push([key, value]));
  return entries;
}

/** The last overload of a generated client's method: the one that inference takes. */
type Unary<Request, Response> = (
  request: Request,
  metadata: grpc.Metadata,
  options: Partial<grpc.CallOptions>,
  callback: (error: grpc.ServiceError | null, response: Response) => void,
) => grpc.ClientUnaryCall;
export type RequestOf<Method> = Method extends Unary<infer Request, infer _> ? Request : never;
export type ResponseOf<Method> = Method extends Unary<infer _, infer Response> ? Response : never;

/** Such as `call(client, "check", request)`. @throws grpc.ServiceError */
export function call<Client extends grpc.Client, Name extends keyof Client>(
  client: Client,
  name: Name,
  request: RequestOf<Client[Name]>,
): Promise<ResponseOf<Client[Name]>> {
  const method = client[name] as Unary<RequestOf<Client[Name]>, ResponseOf<Client[Name]>>;
  return new Promise((resolve, reject) => {
    method.call(client, request, new grpc.Metadata(), {}, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

export function isServiceError(error: unknown): error is grpc.ServiceError {
  return error instanceof Error && "code" in error && "details" in error && "metadata" in error;
}

/** A method of a service that answers with what the function resolves to. */
export function unary<Request, Response>(
  handle: (request: Request) => Response | Promise<Response>,
  toError: (error: unknown) => Partial<grpc.StatusObject>,
): grpc.handleUnaryCall<Request, Response> {
  const answer = async (
    serverCall: grpc.ServerUnaryCall<Request, Response>,
    callback: grpc.sendUnaryData<Response>,
  ): Promise<void> => {
    try {
      callback(null, await handle(serverCall.request));
    } catch (error) {
      callback({ code: grpc.status.UNKNOWN, ...toError(error) });
    }
  };
  return (serverCall, callback) => void answer(serverCall, callback);
}

export interface Server {
  address: string;
  /** Cuts off whatever is still under way. */
  close(): Promise<void>;
}

/** Serves this user's processes on a port of loopback that is free. */
export async function serve(add: (server: grpc.Server) => void): Promise<Server> {
  const server = new grpc.Server(CHANNEL_OPTIONS);
  add(server);
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const listener = await listenToOwnPeers((socket) => injector.injectConnection(socket));
  return {
    address: `127.0.0.1:${listener.port}`,
    close: () => {
      listener.close();
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
