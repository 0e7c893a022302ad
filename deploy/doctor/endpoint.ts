import { Agent, request } from "node:https";
import { connect } from "node:tls";
import { emptyWebhook, forge } from "../../infra/proven-version/probes.ts";
import { sign, signatureHeader } from "@pulumi-line-bot/kit/signature";

export interface Certificate {
  /** Such as `TLSv1.3`. */
  protocol: string;
  issuer: string;
  validUntil: Date;
  /** OpenSSL's or Node's code for what is wrong with it. */
  problem?: string | undefined;
}

const connectTimeoutMs = 10_000;

/**
 * Makes a TLS connection as LINE does, 1.2 or 1.3, and looks at the certificate without refusing it.
 * @param authority PEM that is trusted instead of the public ones
 * @throws as the system says it, where there is no connection or no TLS
 */
export function inspectCertificate(url: URL, authority?: string): Promise<Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: url.hostname,
      port: Number(url.port || 443),
      servername: url.hostname,
      minVersion: "TLSv1.2",
      rejectUnauthorized: false,
      ...(authority === undefined ? {} : { ca: authority }),
    });
    socket.setTimeout(connectTimeoutMs, () =>
      socket.destroy(new Error(`No TLS connection within ${connectTimeoutMs / 1000} s`)),
    );
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      const { issuer, valid_to: validTo } = socket.getPeerCertificate();
      const problem: unknown = socket.authorized ? undefined : socket.authorizationError;
      resolve({
        protocol: socket.getProtocol() ?? "",
        issuer: [issuer?.O ?? issuer?.CN].flat().join(", "),
        validUntil: new Date(validTo),
        ...(problem === undefined ? {} : { problem: codeOf(problem) }),
      });
      socket.destroy();
    });
  });
}

/** What TLS says: a code for the chain, an error with one for the host name. */
const codeOf = (problem: unknown): string =>
  typeof problem === "object" && problem !== null && "code" in problem ? String(problem.code) : String(problem);

export interface Answers {
  /** The status of the last request; all before it were answered with 200. */
  status: number;
  firstMs: number;
  /** The median of those after the first; without any, the first. */
  warmMs: number;
}

export interface Endpoint {
  url: URL;
  channelSecret: string;
  botUserId: string;
  authority?: string | undefined;
}

const warmRequests = 5;
const answerTimeoutMs = 15_000;

/** Sends LINE's empty, signed webhook some times, the first on a new connection, until one is not answered with 200. */
export async function measureAnswers(endpoint: Endpoint): Promise<Answers> {
  const body = emptyWebhook(endpoint.botUserId);
  const signature = sign(body, endpoint.channelSecret);
  return withAgent(endpoint, async (agent) => {
    const first = await post(endpoint, agent, body, signature);
    const warm: number[] = [];
    let { status } = first;
    while (status === 200 && warm.length < warmRequests) {
      const next = await post(endpoint, agent, body, signature);
      warm.push(next.ms);
      status = next.status;
    }
    const warmMs = warm.toSorted((a, b) => a - b)[Math.floor(warm.length / 2)] ?? first.ms;
    return { status, firstMs: first.ms, warmMs };
  });
}

/** Sends what anyone could send: the status that each is answered with, by what is forged in it. */
export async function askWithForgeries(endpoint: Endpoint): Promise<Record<string, number>> {
  const body = emptyWebhook(endpoint.botUserId);
  const statuses: Record<string, number> = {};
  await withAgent(endpoint, async (agent) => {
    for (const [what, signature] of Object.entries(forge(body, endpoint.channelSecret))) {
      statuses[what] = (await post(endpoint, agent, body, signature)).status;
    }
  });
  return statuses;
}

async function withAgent<T>({ authority }: Endpoint, use: (agent: Agent) => Promise<T>): Promise<T> {
  const agent = new Agent({ keepAlive: true, ...(authority === undefined ? {} : { ca: authority }) });
  try {
    return await use(agent);
  } finally {
    agent.destroy();
  }
}

function post(
  { url }: Endpoint,
  agent: Agent,
  body: string,
  signature: string | undefined,
): Promise<{ status: number; ms: number }> {
  const signed = signature === undefined ? {} : { [signatureHeader]: signature };
  const headers = { "content-type": "application/json; charset=utf-8", ...signed };
  const startedAtMs = performance.now();
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: "POST", agent, headers, signal: AbortSignal.timeout(answerTimeoutMs) },
      (response) => {
        response.resume();
        response.once("error", reject);
        response.once("end", () => resolve({ status: response.statusCode ?? 0, ms: performance.now() - startedAtMs }));
      },
    );
    call.once("error", (cause) =>
      reject(
        cause.name === "AbortError" ? new Error(`No answer within ${answerTimeoutMs / 1000} s`, { cause }) : cause,
      ),
    );
    call.end(body);
  });
}
