/** `pulumirpc.Engine`: where programs and providers leave messages. */
import type grpc from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import type { Monitor } from "../contracts/contracts.ts";
import { unary } from "./grpc.ts";

const { LogSeverity } = engineMessages;

/** A debug message carries properties, secrets among them, in plain text: it goes no further. */
const SEVERITIES = new Map<number, "info" | "warning" | "error">([
  [LogSeverity.INFO, "info"],
  [LogSeverity.WARNING, "warning"],
  [LogSeverity.ERROR, "error"],
]);

export function addEngineService(server: grpc.Server, log: () => Monitor["log"]): void {
  let rootUrn = "";
  const internal = (error: unknown): { details: string } => ({ details: String(error) });
  server.addService(engineServices.EngineService, {
    log: unary((request: engineMessages.LogRequest) => {
      const severity = SEVERITIES.get(request.getSeverity());
      const urn = request.getUrn();
      if (severity)
        log()({
          severity,
          message: request.getMessage(),
          ...(urn ? { urn } : {}),
          streamId: request.getStreamid(),
          ephemeral: request.getEphemeral(),
        });
      return new empty.Empty();
    }, internal),
    getRootResource: unary(() => {
      const response = new engineMessages.GetRootResourceResponse();
      response.setUrn(rootUrn);
      return response;
    }, internal),
    setRootResource: unary((request: engineMessages.SetRootResourceRequest) => {
      rootUrn = request.getUrn();
      return new engineMessages.SetRootResourceResponse();
    }, internal),
    startDebugging: unary(() => new empty.Empty(), internal),
    requirePulumiVersion: unary(() => new engineMessages.RequirePulumiVersionResponse(), internal),
  });
}
