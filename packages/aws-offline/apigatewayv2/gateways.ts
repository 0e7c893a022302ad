import type { HasFunctions } from "../lambda/functions.ts";
import type { HasMetrics } from "../cloudwatch/metrics.ts";
import type { HasLogGroups } from "../cloudwatch/log-groups.ts";
import type { HasTrace } from "../trace.ts";
import type { HasAccountId } from "../account-id.ts";
import type { HasStore } from "../store/store.ts";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { LocalAwsError } from "../errors.ts";
import type { Certificate } from "./certificate.ts";
import { Gateway } from "./gateway.ts";
import { apisOf } from "./model.ts";

/** The HTTPS servers in front of the APIs: one for each, on a port that the API keeps. */
export interface Gateways {
  /** Opens a port for a new API. */
  open(apiId: string): Promise<number>;
  /** To be called after any record of an API has changed. */
  reload(): void;
  close(apiId: string): Promise<void>;
  closeAll(): Promise<void>;
}

interface Open {
  server: Server;
  gateway: Gateway;
}

export async function openGateways(
  cloud: HasStore & HasAccountId & HasTrace & HasLogGroups & HasMetrics & HasFunctions,
  { certificate, firstPort }: { certificate: Certificate; firstPort: number },
): Promise<Gateways> {
  const opened = new Map<string, Open>();
  for (const { id, attributes } of apisOf(cloud).values()) {
    const { port } = new URL(attributes["apiEndpoint"] as string);
    await listen(id, Number(port), true);
  }
  return {
    async open(apiId) {
      if (firstPort === 0) return listen(apiId, 0, true);
      for (let port = firstPort; port < firstPort + 100; port += 1)
        if (!isKept(port)) {
          const bound = await listen(apiId, port, false);
          if (bound !== undefined) return bound;
        }
      throw new LocalAwsError(`No port from ${firstPort} to ${firstPort + 99} is free for a gateway.`);
    },
    reload() {
      for (const { gateway } of opened.values()) gateway.reload();
    },
    async close(apiId) {
      const open = opened.get(apiId);
      opened.delete(apiId);
      if (open) await shut(open.server);
    },
    async closeAll() {
      await Promise.all([...opened.values()].map(({ server }) => shut(server)));
      opened.clear();
    },
  };

  function isKept(port: number): boolean {
    return apisOf(cloud)
      .values()
      .some(({ attributes }) => (attributes["apiEndpoint"] as string).endsWith(`:${port}`));
  }

  async function listen(apiId: string, port: number, insist: true): Promise<number>;
  async function listen(apiId: string, port: number, insist: boolean): Promise<number | undefined>;
  async function listen(apiId: string, port: number, insist: boolean): Promise<number | undefined> {
    const gateway = new Gateway(cloud, apiId);
    const { key, cert } = certificate;
    // AWS takes headers of 10,240 bytes in all.
    const options = { key, cert, minVersion: "TLSv1.2", maxHeaderSize: 10_240, keepAliveTimeout: 60_000 } as const;
    const server = createServer(options, (request, response) => gateway.serve(request, response));
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject).listen(port, "127.0.0.1", resolve);
      });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
      if (!insist) return undefined;
      throw new LocalAwsError(
        `Port ${port} of the API ${apiId} is in use. Stop what listens there, or start afresh for another port.`,
        { cause },
      );
    }
    opened.set(apiId, { server, gateway });
    return (server.address() as AddressInfo).port;
  }
}

async function shut(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
