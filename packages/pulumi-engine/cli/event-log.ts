import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/events_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/events_pb.js";
import type { EngineEvent } from "../engine.ts";

/** Where `--event-log` sends every event, as JSON: a file, or the server of the Automation API. */
export interface EventLog {
  write(event: EngineEvent): void;
  close(): Promise<void>;
}

export async function openEventLog(target: string | undefined): Promise<EventLog> {
  if (target === undefined) return { write() {}, close: () => Promise.resolve() };
  return target.startsWith("tcp://") ? openEventStream(target.slice("tcp://".length)) : openEventFile(target);
}

function openEventFile(path: string): EventLog {
  const file = createWriteStream(path, { flags: "a" });
  return {
    write: (event) => file.write(`${JSON.stringify(event)}\n`),
    async close() {
      file.end();
      await finished(file);
    },
  };
}

function openEventStream(address: string): EventLog {
  const client = new services.EventsClient(address, grpc.credentials.createInsecure());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Anyone who listens may go before the end; `close` says so.
  promise.catch(() => {});
  const stream = client.streamEvents((error: Error | null) => (error ? reject(error) : resolve()));
  return {
    write(event) {
      const request = new messages.EventRequest();
      request.setEvent(JSON.stringify(event));
      stream.write(request);
    },
    async close() {
      stream.end();
      await promise.finally(() => client.close());
    },
  };
}
