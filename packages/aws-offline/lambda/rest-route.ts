import type { IncomingHttpHeaders } from "node:http";
import type { Cloud } from "../cloud.ts";
import type { EndpointAnswer } from "../endpoint/json-protocol.ts";
import type { Caller } from "../sts/identity.ts";

export interface FunctionRequest {
  /** A name, a partial ARN or an ARN. */
  functionName: string;
  parameters: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
  caller: Caller;
}

/** One operation of Lambda, which speaks REST, unlike the services that speak AWS JSON. */
export interface Route {
  method: string;
  /** Its one group is the function's name, and what of the path comes together with it. */
  path: RegExp;
  run(request: FunctionRequest, cloud: Cloud): Promise<EndpointAnswer> | EndpointAnswer;
}
