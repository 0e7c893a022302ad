import type { IncomingHttpHeaders } from "node:http";
import { isValiError } from "valibot";
import type { Cloud } from "../cloud.ts";
import { ServiceError } from "../errors.ts";
import { authorize, toCaller } from "../sts/identity.ts";

/** A service that speaks AWS JSON. */
export interface JsonService {
  /** Of its actions in policies. */
  prefix: string;
  /** By the name in `X-Amz-Target`: from an input to an output, or a `ServiceError`. */
  operations: Record<string, (input: unknown, cloud: Cloud) => object>;
  /** The ARN that policies name for what an input is about. */
  resourceOf: (input: unknown, region: string, cloud: Cloud) => string;
}

export interface EndpointAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** AWS JSON 1.1: the operation in a header, errors with their code under `__type`. */
export function answerJson(
  { prefix, operations, resourceOf }: JsonService,
  { target, headers, body }: { target: string; headers: IncomingHttpHeaders; body: string },
  cloud: Cloud,
): EndpointAnswer {
  const [service = "", name = ""] = target.split(".");
  try {
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (!operation)
      throw new ServiceError("UnknownOperationException", `${service} ${name} is not simulated by the local AWS`, 501);
    const input = parse(body);
    const resource = resourceOf(input, toSignedRegion(headers), cloud);
    authorize(cloud, toCaller(headers, cloud), `${prefix}:${name}`, resource);
    return answer(200, operation(input, cloud));
  } catch (error) {
    return fail(error);
  }
}

function fail(error: unknown): EndpointAnswer {
  if (error instanceof ServiceError) return answer(error.status, { __type: error.code, message: error.message });
  if (!isValiError(error)) throw error;
  const [issue] = error.issues;
  const path = issue.path?.map(({ key }) => String(key)).join(".");
  return answer(400, {
    __type: "ValidationException",
    message: `1 validation error detected: ${path}: ${issue.message}`,
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new ServiceError("SerializationException", "The request body is not JSON");
  }
}

function answer(status: number, output: object): EndpointAnswer {
  return { status, headers: { "content-type": "application/x-amz-json-1.1" }, body: JSON.stringify(output) };
}

/** A request is signed when it says so in AWS's form; the signature itself cannot be checked, for the keys are nobody's. */
export function isSigned(headers: IncomingHttpHeaders): boolean {
  return /^AWS4-HMAC-SHA256 Credential=[^/,\s]+\/\d{8}\/[^/]+\/[^/]+\/aws4_request,\s*SignedHeaders=[^,\s]+,\s*Signature=[0-9a-f]{64}$/.test(
    headers.authorization ?? "",
  );
}

function toSignedRegion({ authorization = "" }: IncomingHttpHeaders): string {
  return /Credential=[^/]+\/\d{8}\/([^/]+)\//.exec(authorization)?.[1] ?? "";
}
