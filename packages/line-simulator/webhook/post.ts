import { lookup } from "node:dns/promises";
import { Agent, request } from "node:https";
import { isIP } from "node:net";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Clock } from "../clock.ts";

/** How LINE names what came of a request. @see https://developers.line.biz/en/reference/messaging-api/#test-webhook-endpoint */
type Reason = "OK" | "COULD_NOT_CONNECT" | "REQUEST_TIMEOUT" | "ERROR_STATUS_CODE" | "UNCLASSIFIED";

export interface Delivery {
  success: boolean;
  /** 0 when no response came. */
  statusCode: number;
  reason: Reason;
  detail: string;
}

export interface WebhookRequest {
  url: string;
  body: Buffer;
  headers: Record<string, string>;
  timeoutMs: number;
  followRedirects: boolean;
  keepConnections: boolean;
}

export interface Poster {
  /** Sends one request and never throws: whatever happens is a delivery's outcome. */
  post(request: WebhookRequest): Promise<Delivery>;
  /** Breaks off what is under way. */
  abort(): void;
}

interface Outcome extends Delivery {
  /** Where a redirect leads to. */
  location?: string;
  /** A kept connection that the server closed in the same moment says nothing about the server. */
  isStale?: boolean;
}

const maxRedirects = 5;

/** Trusts the public authorities and `trustedCa`; speaks TLS 1.2 and 1.3 over HTTP/1.1. */
export function createPoster(clock: Clock, trustedCa: readonly string[]): Poster {
  let context: SecureContext | undefined;
  let agents: Record<"kept" | "single", Agent> | undefined;

  const findAgent = ({ keepConnections }: WebhookRequest) => {
    // Made when first needed and once: reading the public authorities takes some milliseconds.
    context ??= createSecureContext({ ca: [...getCACertificates("default"), ...trustedCa], minVersion: "TLSv1.2" });
    const secureContext = context;
    agents ??= {
      kept: new Agent({ keepAlive: true, maxSockets: 256, secureContext }),
      single: new Agent({ keepAlive: false, secureContext }),
    };
    return agents[keepConnections ? "kept" : "single"];
  };

  const attempt = (one: WebhookRequest) =>
    new Promise<Outcome>((resolve) => {
      const { url, body, headers, timeoutMs } = one;
      const sent = request(url, { method: "POST", agent: findAgent(one), headers });
      const forget = clock.after(timeoutMs, () => {
        settle(failure("REQUEST_TIMEOUT", "Request timeout"));
        sent.destroy();
      });
      const settle = (outcome: Outcome) => {
        forget();
        resolve(outcome);
      };
      sent.on("response", (response) => {
        const { location } = response.headers;
        settle({ ...fromStatus(response.statusCode ?? 0), ...(location !== undefined && { location }) });
        // Read to the end, so that the connection can be used again.
        response.resume();
        response.on("error", () => sent.destroy());
      });
      sent.on("error", (error: NodeJS.ErrnoException) => {
        const isStale = sent.reusedSocket && error.code === "ECONNRESET" && agents !== undefined;
        settle({ ...fromError(url, error), isStale });
      });
      sent.end(body);
    });

  return {
    async post(first) {
      let outcome = await attempt(first);
      while (outcome.isStale === true) outcome = await attempt(first);
      for (let hops = 0; hops < maxRedirects; hops++) {
        const { location, statusCode } = outcome;
        const isRedirect = first.followRedirects && statusCode >= 300 && statusCode < 400;
        if (!isRedirect || location === undefined || !URL.canParse(location, first.url)) break;
        const next = new URL(location, first.url);
        if (next.protocol !== "https:") break;
        outcome = await attempt({ ...first, url: next.href });
      }
      const { success, statusCode, reason, detail } = outcome;
      return { success, statusCode, reason, detail };
    },
    abort() {
      const former = agents;
      agents = undefined;
      former?.kept.destroy();
      former?.single.destroy();
    },
  };
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
