import { isValiError } from "valibot";
import type { Cloud } from "../cloud.ts";
import { ServiceError } from "../errors.ts";
import { authorize } from "../sts/identity.ts";
import { SignatureError, verifySignature, type Signed, type SignedRequest } from "./signature.ts";
import { unpack } from "./unpack.ts";

/** A service that speaks AWS JSON. */
export interface JsonService {
  /** What its actions in policies begin with. */
  prefix: string;
  /** Its name in the scope of a signature, where that is not the prefix. */
  signingName?: string;
  /** Operations by the name in `X-Amz-Target`: each from an input to an output, or a `ServiceError`. */
  operations: Record<string, (input: unknown, cloud: Cloud, call: Call) => object | Promise<object>>;
  /** The ARN that policies name for what an input is about; several, if it is about several things. */
  resourceOf: (input: unknown, region: string, cloud: Cloud, operation: string) => string | string[];
  /** The action that an operation needs, where that is not its own name. */
  actions?: Record<string, string>;
  /** The version of AWS JSON; 1.1 by default. */
  version?: "1.0" | "1.1";
  /** What stands before the code of an error in `__type`. */
  errorNamespace?: string;
  /** The code for an input that is not as it has to be; `ValidationException` by default. */
  validationCode?: string;
  /** Codes that clients of the service's former protocol know, by the code of an error. */
  queryErrors?: Record<string, string>;
}

/** Who calls, from where, and for how long. */
export interface Call extends Signed {
  /** Aborts when the caller has hung up. */
  signal: AbortSignal;
}

export interface EndpointAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** AWS JSON: the operation in a header, errors with their code under `__type`. */
export async function answerJson(
  service: JsonService,
  { target, request, signal }: { target: string; request: SignedRequest; signal: AbortSignal },
  cloud: Cloud,
): Promise<EndpointAnswer> {
  const { prefix, signingName = prefix, operations, resourceOf, actions = {}, version = "1.1" } = service;
  const [api = "", name = ""] = target.split(".");
  try {
    const call: Call = { ...(await verifySignature(request, signingName, cloud.accessKeys)), signal };
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (!operation)
      throw new ServiceError("UnknownOperationException", `${api} ${name} is not simulated by the local AWS`, 501);
    const input = parse(await unpack(request));
    for (const resource of [resourceOf(input, call.region, cloud, name)].flat())
      authorize(cloud, call.caller, `${prefix}:${actions[name] ?? name}`, resource);
    cloud.faults.strike(prefix, name);
    return answer(200, await operation(input, cloud, call), version);
  } catch (error) {
    return fail(toServiceError(error, service), service);
  }
}

function toServiceError(error: unknown, { validationCode = "ValidationException" }: JsonService): ServiceError {
  if (error instanceof ServiceError) return error;
  if (!isValiError(error)) throw error;
  const [issue] = error.issues;
  const path = issue.path?.map(({ key }) => String(key)).join(".");
  return new ServiceError(validationCode, `1 validation error detected: ${path}: ${issue.message}`);
}

function fail(error: ServiceError, service: JsonService): EndpointAnswer {
  const { code, message, status, details } = error;
  const { errorNamespace = "", queryErrors, version = "1.1" } = service;
  const isUnsigned = error instanceof SignatureError;
  // What comes before any service has the namespace of none.
  const namespace = errorNamespace && isUnsigned ? "com.amazon.coral.service#" : errorNamespace;
  // A code may have its own.
  const type = code.includes("#") ? code : `${namespace}${code}`;
  const { headers, ...rest } = answer(status, { __type: type, message, ...details }, version);
  const formerCode = isUnsigned ? error.queryCode : (queryErrors?.[code] ?? code);
  const queryCode = queryErrors && `${formerCode};${status < 500 ? "Sender" : "Receiver"}`;
  return { ...rest, headers: { ...headers, ...(queryCode && { "x-amzn-query-error": queryCode }) } };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new ServiceError("SerializationException", "The request body is not JSON");
  }
}

function answer(status: number, output: object, version: string): EndpointAnswer {
  return { status, headers: { "content-type": `application/x-amz-json-${version}` }, body: JSON.stringify(output) };
}
