import type { Cloud } from "../cloud.ts";
import type { EndpointAnswer } from "../endpoint/json-protocol.ts";
import { authorize } from "../sts/identity.ts";
import { mappingsOf, toMapping } from "./event-source/mapping.ts";
import { parseFunctionName } from "./model.ts";
import type { FunctionRequest, Route } from "./rest-route.ts";

/** Lambda's operations on event source mappings. */
export const eventSourceRoutes: Route[] = [
  { method: "GET", path: /^\/2015-03-31\/event-source-mappings\/?()$/, run: listMappings },
];

/** ListEventSourceMappings, on one page: all, or those of a function and its version or alias. */
function listMappings({ parameters, caller }: FunctionRequest, cloud: Cloud): EndpointAnswer {
  authorize(cloud, caller, "lambda:ListEventSourceMappings", "*");
  const asked = parameters.get("FunctionName");
  const wanted = asked === null ? undefined : parseFunctionName(asked);
  const source = parameters.get("EventSourceArn");
  const mappings = [...mappingsOf(cloud).values()].map(toMapping).filter(({ functionArn, queueArn }) => {
    const of = parseFunctionName(functionArn);
    const isWanted = wanted === undefined || (of.name === wanted.name && of.qualifier === wanted.qualifier);
    return isWanted && (source === null || source === queueArn);
  });
  const body = mappings.map(({ uuid, functionArn, queueArn, batchSize, enabled }) => ({
    UUID: uuid,
    FunctionArn: functionArn,
    EventSourceArn: queueArn,
    BatchSize: batchSize,
    State: enabled ? "Enabled" : "Disabled",
  }));
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ EventSourceMappings: body }),
  };
}
