import { decode } from "./routing.ts";
import type { Answer } from "./answer.ts";
import { type GatewayRequest, toLogTime } from "./event.ts";

export interface Served {
  request: GatewayRequest;
  answer: Answer;
  apiId: string;
  accountId: string;
  stage: string;
  routeKey: string | undefined;
  /** Milliseconds from the request's first byte to the answer. */
  latencyMs: number;
  integration?: { latencyMs: number; requestId: string | undefined; status: number | undefined };
}

type Variable = (served: Served) => string | number | undefined;
const integrationStatus: Variable = ({ integration }) => integration?.status;
const integrationLatency: Variable = ({ integration }) => integration && Math.round(integration.latencyMs);
const integrationError: Variable = ({ answer }) => answer.integrationError;
const errorMessage: Variable = ({ answer, integration }) =>
  answer.status >= 400 && !integration
    ? (JSON.parse(answer.body.toString()) as { message: string }).message
    : undefined;

/** `$context` variables of HTTP APIs; what is not known is a dash. */
const VARIABLES: Record<string, Variable> = {
  accountId: ({ accountId }) => accountId,
  apiId: ({ apiId }) => apiId,
  domainName: ({ request }) => request.host.replace(/:\d+$/, ""),
  domainPrefix: ({ request }) => request.host.split(/[.:]/)[0],
  "error.message": errorMessage,
  "error.messageString": (served) => JSON.stringify(errorMessage(served)),
  extendedRequestId: ({ request }) => request.requestId,
  httpMethod: ({ request }) => request.method,
  "identity.sourceIp": ({ request }) => request.sourceIp,
  "identity.userAgent": ({ request }) => request.userAgent,
  "integration.error": integrationError,
  "integration.integrationStatus": integrationStatus,
  "integration.latency": integrationLatency,
  "integration.requestId": ({ integration }) => integration?.requestId,
  "integration.status": ({ answer, integration }) => integration && answer.status,
  integrationErrorMessage: integrationError,
  integrationLatency,
  integrationStatus,
  path: ({ request }) => decode(request.path),
  protocol: ({ request }) => request.protocol,
  requestId: ({ request }) => request.requestId,
  requestTime: ({ request }) => toLogTime(request.startedAt),
  requestTimeEpoch: ({ request }) => request.startedAt.getTime(),
  responseLatency: ({ latencyMs }) => Math.round(latencyMs),
  responseLength: ({ answer }) => answer.body.length,
  routeKey: ({ routeKey }) => routeKey,
  stage: ({ stage }) => stage,
  status: ({ answer }) => answer.status,
};

/** A line of the access log in the stage's own format. Client-chosen text cannot break out of a JSON string. */
export function renderAccessLog(format: string, served: Served): string {
  return format.replaceAll(/\$context\.([A-Za-z.]*[A-Za-z])/g, (_, name: string) => {
    const value = VARIABLES[name]?.(served);
    return value === undefined || value === "" ? "-" : JSON.stringify(String(value)).slice(1, -1);
  });
}
