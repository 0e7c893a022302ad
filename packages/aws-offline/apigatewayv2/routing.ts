import type { HasStore } from "../store/store.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { TokenBucket } from "./throttle.ts";
import { integrationsOf, ofApi, routesOf, stagesOf } from "./model.ts";

export interface ServedRoute {
  routeKey: string;
  /** `*` for ANY. */
  method: string;
  segments: string[];
  /** ARN (with qualifier) of the function behind it; undefined: nothing is. */
  functionArn?: string;
  timeoutMs: number;
}

export interface ServedStage {
  name: string;
  variables: Record<string, string> | undefined;
  accessLog: { group: string; format: string } | undefined;
  bucketFor(routeKey: string): TokenBucket;
}

/** What one API serves, made from its records whenever one of them changes. */
export interface Routing {
  stages: Map<string, ServedStage>;
  routes: ServedRoute[];
}

export function toRouting(cloud: HasStore, apiId: string): Routing {
  const integrations = new Map(
    ofApi(integrationsOf(cloud), apiId).map(({ id, attributes }) => [`integrations/${id}`, attributes]),
  );
  const routes = ofApi(routesOf(cloud), apiId).map(({ attributes }) => toRoute(attributes, integrations));
  const stages = ofApi(stagesOf(cloud), apiId).map(({ attributes }) => toStage(attributes));
  return { routes: routes.sort(bySpecificity), stages: new Map(stages.map((stage) => [stage.name, stage])) };
}

function toRoute(attributes: Attributes, integrations: Map<string, Attributes>): ServedRoute {
  const routeKey = attributes["routeKey"] as string;
  const [method = "", path = ""] = routeKey === "$default" ? ["*", ""] : routeKey.split(" ");
  const integration = integrations.get((attributes["target"] as string | undefined) ?? "");
  const functionArn = toFunctionArn(integration?.["integrationUri"] as string | undefined);
  return {
    routeKey,
    method: method === "ANY" ? "*" : method,
    segments: path.split("/").slice(1),
    ...(functionArn !== undefined && { functionArn }),
    timeoutMs: (integration?.["timeoutMilliseconds"] as number | undefined) ?? 30_000,
  };
}

/** An integration names a function by its ARN or by the ARN that invokes it. */
function toFunctionArn(uri: string | undefined): string | undefined {
  return /functions\/(arn:[^/]+)\/invocations$/.exec(uri ?? "")?.[1] ?? (uri?.includes(":function:") ? uri : undefined);
}

function toStage(attributes: Attributes): ServedStage {
  const log = attributes["accessLogSettings"] as { destinationArn: string; format: string } | undefined;
  const group = log?.destinationArn.split(":log-group:")[1]?.replace(/:\*$/, "");
  const perRoute = (attributes["routeSettings"] ?? []) as Attributes[];
  const shared = toBucket(attributes["defaultRouteSettings"] as Attributes | undefined);
  const own = new Map(perRoute.map((settings) => [settings["routeKey"] as string, toBucket(settings)]));
  return {
    name: attributes["name"] as string,
    variables: attributes["stageVariables"] as Record<string, string> | undefined,
    accessLog: log && group ? { group, format: log.format } : undefined,
    bucketFor: (routeKey) => own.get(routeKey) ?? shared,
  };
}

/** An account's own limits hold where a stage sets none. */
function toBucket(settings: Attributes | undefined): TokenBucket {
  return new TokenBucket({
    ratePerSecond: (settings?.["throttlingRateLimit"] as number | undefined) ?? 10_000,
    burst: (settings?.["throttlingBurstLimit"] as number | undefined) ?? 5000,
  });
}

export interface Match {
  route: ServedRoute;
  parameters: Record<string, string> | undefined;
}

/** The most specific route for a request: a full path before a greedy one before `$default`, a method before ANY. */
export function findRoute(routes: ServedRoute[], method: string, path: string): Match | undefined {
  const segments = path.split("/").slice(1);
  for (const route of routes) {
    if (route.method !== "*" && route.method !== method) continue;
    if (route.routeKey === "$default") return { route, parameters: undefined };
    const parameters = matchSegments(route.segments, segments);
    if (parameters) return { route, parameters: Object.keys(parameters).length > 0 ? parameters : undefined };
  }
  return undefined;
}

function matchSegments(pattern: string[], segments: string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index];
    const [, name, greedy] = /^\{([^+}]+)(\+?)\}$/.exec(part) ?? [];
    if (segment === undefined) return undefined;
    if (name === undefined) {
      if (part !== segment) return undefined;
    } else if (greedy) {
      const rest = segments.slice(index).join("/");
      if (rest === "") return undefined;
      return { ...parameters, [name]: decode(rest) };
    } else {
      if (segment === "") return undefined;
      parameters[name] = decode(segment);
    }
  }
  return pattern.length === segments.length ? parameters : undefined;
}

export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not an encoding: taken as it is.
  }
}

function bySpecificity(one: ServedRoute, other: ServedRoute): number {
  return rankOf(other).localeCompare(rankOf(one));
}

/** Segments from the left, fixed before variable before greedy; then the method. */
function rankOf({ routeKey, segments, method }: ServedRoute): string {
  if (routeKey === "$default") return "";
  const path = segments.map((part) => (part.startsWith("{") ? (part.endsWith("+}") ? "1" : "2") : "3"));
  return `${path.join("")}${method === "*" ? "0" : "4"}`;
}
