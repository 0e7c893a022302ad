import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { isOwnRequest } from "@pulumi-line-bot/kit/own-request";
import { logs } from "../cloudwatch/log-operations.ts";
import { cloudWatch } from "../cloudwatch/operations.ts";
import type { Cloud } from "../cloud.ts";
import { dynamodb } from "../dynamodb/operations.ts";
import { LocalAwsError, ServiceError } from "../errors.ts";
import { lambdaRoutes } from "../lambda/rest-operations.ts";
import { secretsManager } from "../secretsmanager/operations.ts";
import { sqs } from "../sqs/operations.ts";
import { sns } from "../sns/operations.ts";
import { sts } from "../sts/get-caller-identity.ts";
import { answerJson, type EndpointAnswer, type JsonService } from "./json-protocol.ts";
import { answerQuery, type QueryService } from "./query-protocol.ts";
import { SignatureError, verifySignature, type SignedRequest } from "./signature.ts";
import { unpack } from "./unpack.ts";

/** Services that speak AWS JSON, by the prefix of their target header. */
const JSON_SERVICES: Record<string, JsonService> = {
  GraniteServiceVersion20100801: cloudWatch,
  Logs_20140328: logs,
  secretsmanager: secretsManager,
  AmazonSQS: sqs,
  DynamoDB_20120810: dynamodb,
};
/** Services that speak the query protocol, by the version that a request names. */
const QUERY_SERVICES: Record<string, QueryService> = { "2010-03-31": sns, "2011-06-15": sts };

export interface Endpoint {
  url: string;
  close(): Promise<void>;
}

/** The AWS services that functions and tools call, all on one port: for `AWS_ENDPOINT_URL`. */
export async function serveEndpoint(cloud: Cloud, port: number): Promise<Endpoint> {
  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.once("close", () => !response.writableFinished && gone.abort());
    buffer(request)
      .then((body) => answer(request, { body, signal: gone.signal }, cloud))
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

async function answer(
  request: IncomingMessage,
  { body, signal }: { body: Buffer; signal: AbortSignal },
  cloud: Cloud,
): Promise<EndpointAnswer> {
  const { pathname, search, searchParams } = new URL(request.url ?? "/", "http://localhost");
  if (!isOwnRequest(request.headers))
    throw new ServiceError("AccessDeniedException", "The local AWS answers only to programs of this machine", 403);
  const { method = "", headers } = request;
  const signed: SignedRequest = { method, target: `${pathname}${search}`, headers, body };
  const target = headers["x-amz-target"];
  const service = JSON_SERVICES[String(target).split(".")[0] ?? ""];
  if (typeof target === "string" && service) return answerJson(service, { target, request: signed, signal }, cloud);
  for (const route of lambdaRoutes) {
    const [, functionName] = (method === route.method && route.path.exec(pathname)) || [];
    if (functionName === undefined) continue;
    const { caller } = await verifySignature(signed, "lambda", cloud.accessKeys);
    const text = await unpack(signed);
    const asked = { functionName: decodeURIComponent(functionName), parameters: searchParams, headers, body: text };
    return route.run({ ...asked, caller }, cloud);
  }
  const form = new URLSearchParams(String(body));
  const queryService = QUERY_SERVICES[form.get("Version") ?? ""];
  if (queryService) return answerQuery(queryService, { request: signed, form }, cloud);
  await verifySignature(signed, undefined, cloud.accessKeys);
  const action = form.get("Action");
  throw new ServiceError(
    "UnknownOperationException",
    `${method} ${pathname}${target || action ? ` (${String(target ?? action)})` : ""} is not simulated by the local AWS`,
    501,
  );
}

function toFailure(error: unknown): EndpointAnswer {
  const { code, message, status } = toServiceError(error);
  return {
    status,
    headers: { "content-type": "application/json", "x-amzn-errortype": code },
    body: JSON.stringify({ __type: code, message, Message: message }),
  };
}

function toServiceError(error: unknown): ServiceError {
  // Lambda refuses a signature with another status than the services that speak JSON.
  if (error instanceof SignatureError) return new ServiceError(error.code, error.message, 403);
  return error instanceof ServiceError ? error : new ServiceError("InternalFailure", "The local AWS failed", 500);
}

function send(response: ServerResponse, { status, headers, body }: EndpointAnswer): void {
  response.writeHead(status, {
    "x-amzn-requestid": randomUUID(),
    ...headers,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
