import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { logs } from "../cloudwatch/log-operations.ts";
import type { Cloud } from "../cloud.ts";
import { LocalAwsError, ServiceError } from "../errors.ts";
import { resolveFunction } from "../lambda/model.ts";
import { secretsManager } from "../secretsmanager/operations.ts";
import { answerSts } from "../sts/get-caller-identity.ts";
import { authorize, toCaller } from "../sts/identity.ts";
import { answerJson, isSigned } from "./json-protocol.ts";
import type { EndpointAnswer, JsonService } from "./json-protocol.ts";

/** Services that speak AWS JSON, by the prefix of their target header. */
const JSON_SERVICES: Record<string, JsonService> = { Logs_20140328: logs, secretsmanager: secretsManager };

export interface Endpoint {
  url: string;
  close(): Promise<void>;
}

/** The AWS services that functions and tools call, all on one port: for `AWS_ENDPOINT_URL`. */
export async function serveEndpoint(cloud: Cloud, port: number): Promise<Endpoint> {
  const server = createServer((request, response) => {
    text(request)
      .then((body) => answer(request, body, cloud))
      .then(
        (result) => send(response, result),
        (error: unknown) => send(response, toFailure(error)),
      );
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
    throw new LocalAwsError(
      `Port ${port} for the AWS services is in use. Stop what listens there, or choose another.`,
      {
        cause,
      },
    );
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, body: string, cloud: Cloud): Promise<EndpointAnswer> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  if (!isSigned(request.headers))
    throw new ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token", 403);
  const target = request.headers["x-amz-target"];
  const { headers } = request;
  const service = JSON_SERVICES[String(target).split(".")[0] ?? ""];
  if (typeof target === "string" && service) return answerJson(service, { target, headers, body }, cloud);
  const [, functionName] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(pathname) ?? [];
  if (functionName !== undefined && request.method === "POST")
    return invokeFunction(decodeURIComponent(functionName), searchParams, request, body, cloud);
  const action = new URLSearchParams(body).get("Action");
  if (action === "GetCallerIdentity") return answerSts(toCaller(headers, cloud));
  throw new ServiceError(
    "UnknownOperationException",
    `${request.method} ${pathname}${target || action ? ` (${String(target ?? action)})` : ""} is not simulated by the local AWS`,
    501,
  );
}

/** Lambda's Invoke: the payload in the body, how it went in headers. */
async function invokeFunction(
  functionName: string,
  parameters: URLSearchParams,
  request: IncomingMessage,
  body: string,
  cloud: Cloud,
): Promise<EndpointAnswer> {
  const type = request.headers["x-amz-invocation-type"] ?? "RequestResponse";
  if (type !== "RequestResponse")
    throw new ServiceError("UnknownOperationException", `Invocation type ${String(type)} is not simulated`, 501);
  const qualifier = parameters.get("Qualifier") ?? undefined;
  const { invokedArn } = resolveFunction(cloud, functionName, qualifier);
  authorize(cloud, toCaller(request.headers, cloud), "lambda:InvokeFunction", invokedArn);
  const result = await cloud.functions.invoke(functionName, qualifier, toEvent(body));
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      "x-amz-executed-version": result.version,
      "x-amzn-requestid": result.requestId,
      ...(result.functionError && { "x-amz-function-error": result.functionError }),
    },
    body: result.payload,
  };
}

function toEvent(body: string): string {
  try {
    return body === "" ? "{}" : JSON.stringify(JSON.parse(body));
  } catch (cause) {
    throw new ServiceError(
      "InvalidRequestContentException",
      `Could not parse request body into json: ${String(cause)}`,
    );
  }
}

function toFailure(error: unknown): EndpointAnswer {
  const { code, message, status } =
    error instanceof ServiceError ? error : new ServiceError("InternalFailure", "The local AWS failed", 500);
  return {
    status,
    headers: { "content-type": "application/json", "x-amzn-errortype": code },
    body: JSON.stringify({ __type: code, message, Message: message }),
  };
}

function send(response: ServerResponse, { status, headers, body }: EndpointAnswer): void {
  response.writeHead(status, {
    "x-amzn-requestid": randomUUID(),
    ...headers,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
