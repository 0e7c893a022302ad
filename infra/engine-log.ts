import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

const { LogSeverity } = engineProto;
type LogSeverity = (typeof LogSeverity)[keyof typeof LogSeverity];

export interface EngineLog {
  info(message: string): void;
  warn(message: string): void;
}

/** An engine that does not take a message by then is gone. */
const patienceMs = 5000;

/**
 * Shows messages through the engine that runs this dynamic provider: its address is the provider's first argument.
 * What the provider prints itself is shown by no engine before the operation ends.
 */
export function openEngineLog(address: string | undefined): EngineLog & { close(): Promise<void> } {
  if (address === undefined) return { info: console.log, warn: console.warn, close: async () => {} };
  const client = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure());
  const sent: Promise<void>[] = [];
  const send = (severity: LogSeverity, message: string) => {
    const request = new engineProto.LogRequest();
    request.setSeverity(severity);
    request.setMessage(message);
    sent.push(
      new Promise((resolve) => {
        // A message that cannot be shown is no reason to fail what it tells of.
        client.log(request, new grpc.Metadata(), { deadline: Date.now() + patienceMs }, () => resolve());
      }),
    );
  };
  return {
    info: (message) => send(LogSeverity.INFO, message),
    warn: (message) => send(LogSeverity.WARNING, message),
    close: async () => {
      await Promise.all(sent);
      client.close();
    },
  };
}
