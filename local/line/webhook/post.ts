import { lookup } from "node:dns/promises";
import { Agent, request } from "node:https";
import { isIP } from "node:net";
import { createSecureContext, getCACertificates } from "node:tls";
import type { Clock } from "../clock.ts";

/** How LINE names what came of a request. @see https://developers.line.biz/en/reference/messaging-api/#test-webhook-endpoint */
export type Reason = "OK" | "COULD_NOT_CONNECT" | "REQUEST_TIMEOUT" | "ERROR_STATUS_CODE" | "UNCLASSIFIED";

export interface Delivery {
  success: boolean;
  /** 0 when no response came. */
  statusCode: number;
  reason: Reason;
  detail: string;
}

export interface Poster {
  /** Sends one request and never throws: whatever happens is a delivery's outcome. */
  post(url: string, body: Buffer, headers: Record<string, string>, timeoutMs: number): Promise<Delivery>;
  close(): void;
}

/** Trusts the public authorities and `trustedCa`; speaks TLS 1.2 and 1.3, keeps connections, follows no redirect. */
export function createPoster(clock: Clock, trustedCa: readonly string[]): Poster {
  let agent: Agent | undefined;
  // Made when first needed: reading the public authorities takes some milliseconds.
  const findAgent = () => (agent ??= createAgent(trustedCa));

  const attempt = (url: string, body: Buffer, headers: Record<string, string>, timeoutMs: number) =>
    new Promise<Delivery & { retry: boolean }>((resolve) => {
      const sent = request(url, { method: "POST", agent: findAgent(), headers });
      const forget = clock.after(timeoutMs, () => {
        settle({ ...failure("REQUEST_TIMEOUT", "Request timeout"), retry: false });
        sent.destroy();
      });
      const settle = (outcome: Delivery & { retry: boolean }) => {
        forget();
        resolve(outcome);
      };
      sent.on("response", (response) => {
        settle({ ...fromStatus(response.statusCode ?? 0), retry: false });
        // Read to the end, so that the connection can be used again.
        response.resume();
        response.on("error", () => sent.destroy());
      });
      sent.on("error", (error: NodeJS.ErrnoException) => {
        // A kept connection that the server closed in the same moment says nothing about the server.
        const retry = sent.reusedSocket && error.code === "ECONNRESET";
        settle({ ...fromError(url, error), retry });
      });
      sent.end(body);
    });

  return {
    async post(url, body, headers, timeoutMs) {
      let outcome = await attempt(url, body, headers, timeoutMs);
      while (outcome.retry) outcome = await attempt(url, body, headers, timeoutMs);
      const { retry: _, ...delivery } = outcome;
      return delivery;
    },
    close: () => agent?.destroy(),
  };
}

function createAgent(trustedCa: readonly string[]): Agent {
  const ca = [...getCACertificates("default"), ...trustedCa];
  // One context for all connections, instead of one made from all authorities for each.
  return new Agent({
    keepAlive: true,
    maxSockets: 256,
    secureContext: createSecureContext({ ca, minVersion: "TLSv1.2" }),
  });
}

const failure = (reason: Reason, detail: string): Delivery => ({ success: false, statusCode: 0, reason, detail });

function fromStatus(statusCode: number): Delivery {
  const success = statusCode >= 200 && statusCode < 300;
  return { success, statusCode, reason: success ? "OK" : "ERROR_STATUS_CODE", detail: String(statusCode) };
}

/** The words of the console's error statistics for the codes of sockets and TLS. */
const connectErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection failed",
  ECONNRESET: "Connection failed (session closed)",
  EHOSTUNREACH: "Connection failed",
  ENETUNREACH: "Connection failed",
  EADDRNOTAVAIL: "Connection failed",
  ETIMEDOUT: "Connection timeout",
  ENOTFOUND: "Unknown host",
  EAI_AGAIN: "DNS Query timeout",
  EPROTO: "No SSL/TLS record",
};

export const unreachable = (url: string): Delivery => failure("COULD_NOT_CONNECT", `Connection failed: ${url}`);

function fromError(url: string, error: NodeJS.ErrnoException): Delivery {
  // Happy eyeballs joins the errors of all addresses; their code stands on the whole.
  const { code = "" } = error;
  const words = connectErrors[code] ?? (isTlsCode(code) ? "TLS handshake failure" : undefined);
  return words === undefined
    ? failure("UNCLASSIFIED", "Unclassified webhook dispatch error")
    : failure("COULD_NOT_CONNECT", `${words}: ${url}`);
}

const isTlsCode = (code: string): boolean => /CERT|SSL|TLS|SIGNED|SIGNATURE|ISSUER|ALTNAME|VERIFY/.test(code);

/** Whether the host has an address at all. */
export async function resolves({ hostname }: URL): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) return true;
  return lookup(host).then(
    () => true,
    () => false,
  );
}
