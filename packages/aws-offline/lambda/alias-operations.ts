import * as v from "valibot";
import type { Cloud } from "../cloud.ts";
import type { EndpointAnswer } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";
import { authorize } from "../sts/identity.ts";
import { requireVersions, storedAliases } from "./alias.ts";
import { functionsOf, parseFunctionName } from "./model.ts";
import type { FunctionRequest, Route } from "./rest-route.ts";

/** Lambda's operations on the versions and aliases of a function. */
export const aliasRoutes: Route[] = [
  { method: "GET", path: /^\/2015-03-31\/functions\/([^/]+)\/versions$/, run: listVersions },
  { method: "GET", path: /^\/2015-03-31\/functions\/([^/]+\/aliases\/[^/]+)$/, run: getAlias },
  { method: "PUT", path: /^\/2015-03-31\/functions\/([^/]+\/aliases\/[^/]+)$/, run: updateAlias },
];

/** ListVersionsByFunction, on one page: `$LATEST` and what was published. */
function listVersions(request: FunctionRequest, cloud: Cloud): EndpointAnswer {
  const fn = functionsOf(cloud).get(parseFunctionName(request.functionName).name);
  if (!fn) throw notFound(`Function not found: ${request.functionName}`);
  authorize(cloud, request.caller, "lambda:ListVersionsByFunction", fn.arn);
  const versions = [fn.latest, ...fn.published].map((version) => ({
    FunctionName: fn.name,
    FunctionArn: `${fn.arn}:${version.version}`,
    Version: version.version,
    CodeSha256: Buffer.from(version.sha256, "hex").toString("base64"),
    Description: version.description,
    Runtime: version.runtime,
    Handler: version.handler,
  }));
  return toAnswer({ Versions: versions });
}

function getAlias(request: FunctionRequest, cloud: Cloud): EndpointAnswer {
  return toAnswer(describe(find(request, "lambda:GetAlias", cloud).attributes));
}

const update = v.looseObject({ FunctionVersion: v.optional(v.string()), Description: v.optional(v.string()) });

/** UpdateAlias: what is left out stays. Weights of a second version are not simulated here. */
function updateAlias(request: FunctionRequest, cloud: Cloud): EndpointAnswer {
  const found = find(request, "lambda:UpdateAlias", cloud);
  const { FunctionVersion, Description, ...others } = v.parse(update, JSON.parse(request.body || "{}"));
  const unknown = Object.keys(others).filter((name) => others[name] !== undefined);
  if (unknown.length > 0)
    throw new ServiceError("UnknownOperationException", `UpdateAlias with ${unknown.join(", ")} is not simulated`, 501);
  const attributes = {
    ...found.attributes,
    ...(FunctionVersion !== undefined && { functionVersion: FunctionVersion }),
    ...(Description !== undefined && { description: Description }),
  };
  requireVersions(attributes, cloud);
  storedAliases(cloud).put(found.key, { id: found.id, attributes });
  return toAnswer(describe(attributes));
}

function find(request: FunctionRequest, action: string, cloud: Cloud) {
  const [functionName = "", alias = ""] = request.functionName.split("/aliases/");
  const { name } = parseFunctionName(functionName);
  const key = `${name}:${alias}`;
  const stored = storedAliases(cloud).get(key);
  if (!stored) throw notFound(`Cannot find alias arn: ${functionsOf(cloud).get(name)?.arn ?? name}:${alias}`);
  authorize(cloud, request.caller, action, stored.attributes["arn"] as string);
  return { ...stored, key };
}

const describe = (attributes: Record<string, unknown>) => ({
  AliasArn: attributes["arn"],
  Name: attributes["name"],
  FunctionVersion: attributes["functionVersion"],
  Description: attributes["description"] ?? "",
});

const toAnswer = (body: object): EndpointAnswer => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const notFound = (message: string) => new ServiceError("ResourceNotFoundException", message, 404);
