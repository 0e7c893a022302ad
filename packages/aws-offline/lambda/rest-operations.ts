import type { Cloud } from "../cloud.ts";
import type { EndpointAnswer } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";
import { authorize } from "../sts/identity.ts";
import { aliasRoutes } from "./alias-operations.ts";
import { eventSourceRoutes } from "./event-source-operations.ts";
import { resolveFunction } from "./model.ts";
import type { FunctionRequest, Route } from "./rest-route.ts";

/** Lambda's operations that are simulated. */
export const lambdaRoutes: Route[] = [
  { method: "POST", path: /^\/2015-03-31\/functions\/([^/]+)\/invocations$/, run: invoke },
  { method: "GET", path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/, run: getConfiguration },
  ...aliasRoutes,
  ...eventSourceRoutes,
];

/** Invoke: the payload in the body, how it went in headers. */
async function invoke(request: FunctionRequest, cloud: Cloud): Promise<EndpointAnswer> {
  const { functionName, headers, body } = request;
  const type = headers["x-amz-invocation-type"] ?? "RequestResponse";
  if (type !== "RequestResponse")
    throw new ServiceError("UnknownOperationException", `Invocation type ${String(type)} is not simulated`, 501);
  find(request, "lambda:InvokeFunction", cloud);
  const result = await cloud.functions.invoke(functionName, qualifierOf(request), toEvent(body));
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

/** GetFunctionConfiguration: what a version, or the one that an alias stands for, runs and how. */
function getConfiguration(request: FunctionRequest, cloud: Cloud): EndpointAnswer {
  const { fn, version, invokedArn } = find(request, "lambda:GetFunctionConfiguration", cloud);
  const configuration = {
    FunctionName: fn.name,
    FunctionArn: invokedArn,
    Version: version.version,
    CodeSha256: Buffer.from(version.sha256, "hex").toString("base64"),
    Description: version.description,
    Handler: version.handler,
    Role: version.role,
    Runtime: version.runtime,
    MemorySize: version.memorySize,
    Timeout: version.timeout,
    Environment: { Variables: version.environment },
    LoggingConfig: { LogGroup: version.logGroup, LogFormat: version.logFormat },
    LastModified: fn.modifiedAt.replace("Z", "+0000"),
    PackageType: "Zip",
    State: "Active",
    LastUpdateStatus: "Successful",
  };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(configuration) };
}

const qualifierOf = ({ parameters }: FunctionRequest): string | undefined => parameters.get("Qualifier") ?? undefined;

/** @throws as Lambda does where there is none, or where the caller may not do this with it. */
function find(request: FunctionRequest, action: string, cloud: Cloud) {
  const found = resolveFunction(cloud, request.functionName, qualifierOf(request));
  authorize(cloud, request.caller, action, found.invokedArn);
  return found;
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
